using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Cairn.Host;

/// <summary>
/// Sends spans and metrics to an OpenTelemetry collector, when the usual variables name one (OTEL_EXPORTER_OTLP_ENDPOINT and its
/// kin, which the exporter reads itself). Without them nothing is collected and nothing is sent.
/// </summary>
public sealed class TelemetryExport : IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _metrics;

    private TelemetryExport(TracerProvider? traces, MeterProvider? metrics) => (_traces, _metrics) = (traces, metrics);

    /// <summary>Begins to export what the process does from now on.</summary>
    /// <param name="environment">Reads an environment variable.</param>
    /// <returns>Disposing it sends what is left; null when nothing is configured.</returns>
    public static TelemetryExport? Start(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (string.Equals(environment("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var traces = Wanted(environment, "TRACES");
        var metrics = Wanted(environment, "METRICS");
        return traces || metrics ? Begin(environment("OTEL_SERVICE_NAME"), traces, metrics) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
    }

    private static bool Wanted(Func<string, string?> environment, string signal) =>
        environment($"OTEL_{signal}_EXPORTER") is null or "" or "otlp"
        && (environment(Endpoint) is { Length: > 0 } || environment(Endpoint.Replace("OTLP_", $"OTLP_{signal}_", StringComparison.Ordinal)) is { Length: > 0 });

    // Apart, so that the packages are loaded only by those who export.
    private static TelemetryExport Begin(string? name, bool traces, bool metrics)
    {
        var version = typeof(TelemetryExport).Assembly.GetName().Version!.ToString(3);
        void Describe(ResourceBuilder resource) => resource.AddService(name is { Length: > 0 } named ? named : "cairn", serviceVersion: version);
        return new(
            traces ? OpenTelemetry.Sdk.CreateTracerProviderBuilder().ConfigureResource(Describe).AddSource(Telemetry.Name).AddOtlpExporter().Build() : null,
            metrics ? OpenTelemetry.Sdk.CreateMeterProviderBuilder().ConfigureResource(Describe).AddMeter(Telemetry.Name).AddOtlpExporter().Build() : null);
    }
}
