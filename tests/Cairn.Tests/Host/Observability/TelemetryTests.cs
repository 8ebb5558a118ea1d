using System.Diagnostics;
using Cairn.Host;

namespace Cairn.Tests.Host.Observability;

public sealed class TelemetryTests
{
    [Fact]
    public void Nothing_is_exported_unless_a_collector_is_named()
    {
        Assert.Null(TelemetryExport.Start(_ => null));
        Assert.Null(TelemetryExport.Start(new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1", ["OTEL_SDK_DISABLED"] = "true" }.GetValueOrDefault));
        Assert.Null(TelemetryExport.Start(new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1", ["OTEL_TRACES_EXPORTER"] = "none", ["OTEL_METRICS_EXPORTER"] = "none",
        }.GetValueOrDefault));
    }

    [Fact]
    public void A_run_has_the_same_place_in_every_process_and_another_run_another()
    {
        var run = RunId.Parse("r0123456789abc");
        Assert.Equal(Telemetry.Place(run), Telemetry.Place(RunId.Parse("r0123456789abc")));
        Assert.NotEqual(Telemetry.Place(run).TraceId, Telemetry.Place(RunId.Parse("r0123456789abd")).TraceId);
        Assert.Equal(ActivityTraceFlags.Recorded, Telemetry.Place(run).TraceFlags);
    }
}
