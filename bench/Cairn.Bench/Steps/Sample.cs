using System.Text.Json.Serialization;
using Cairn.Bench.Gateway;
using Cairn.Bench.Layers;
using Cairn.Bench.Retention;
using Cairn.Bench.Runs;
using Cairn.Bench.Sandboxes;

namespace Cairn.Bench.Steps;

/// <summary>What one fresh process measured of one variant.</summary>
internal sealed record Sample
{
    /// <summary>Steps done by all runs together.</summary>
    public long Steps { get; init; }

    public double Seconds { get; init; }

    /// <summary>CPU of the client process only, for those with a server.</summary>
    public double CpuSeconds { get; init; }

    /// <summary>Microseconds.</summary>
    public double P50 { get; init; }

    /// <summary>Microseconds.</summary>
    public double P99 { get; init; }

    /// <summary>Blocks that the store takes after the last step, before anything is closed or compacted.</summary>
    public long DiskBytes { get; init; }

    /// <summary>From opening after a kill until every run stands where it stood; null when it was not measured.</summary>
    public double? RecoveryMs { get; init; }

    /// <summary>Back to (or a fork from) the middle of a run; null when the system has none.</summary>
    public double? RestoreMs { get; init; }

    /// <summary>The time was over before all steps were done.</summary>
    public bool Cut { get; init; }

    public string Settings { get; init; } = "";

    /// <summary>At most a thousand, evenly thinned, in microseconds.</summary>
    public IReadOnlyList<double> Latencies { get; init; } = [];

    [JsonIgnore]
    public double Rate => Steps / Seconds;

    /// <summary>The same sample with what the second phase measured.</summary>
    public Sample With(Sample recovery, long diskBytes) =>
        this with { RecoveryMs = recovery.RecoveryMs, RestoreMs = recovery.RestoreMs, DiskBytes = diskBytes };

    public Sample WithLatencies(List<double> all)
    {
        var sorted = all.Order().ToArray();
        var every = Math.Max(1, (all.Count + 999) / 1000);
        return sorted.Length == 0 ? this : this with
        {
            P50 = sorted[sorted.Length / 2],
            P99 = sorted[Math.Min(sorted.Length - 1, sorted.Length * 99 / 100)],
            Latencies = [.. all.Where((_, i) => i % every == 0).Select(x => Math.Round(x, 1))],
        };
    }
}

/// <summary>All samples of one variant in one cell of the matrix; either samples or the reason why there are none.</summary>
internal sealed record VariantResult(string Variant, int Runs, int Steps, int Kb, string? NotRun, IReadOnlyList<Sample> Samples);

internal sealed record StepsReport(
    string Benchmark, string Date, IReadOnlyDictionary<string, string> Machine, string LoadBefore, string LoadAfter,
    int Rounds, string Order, IReadOnlyList<VariantResult> Results);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StepsReport))]
[JsonSerializable(typeof(RunsReport))]
[JsonSerializable(typeof(DaemonReport))]
[JsonSerializable(typeof(RetentionReport))]
[JsonSerializable(typeof(SandboxReport))]
[JsonSerializable(typeof(LayersReport))]
[JsonSerializable(typeof(ProfileReport))]
[JsonSerializable(typeof(GatewayReport))]
[JsonSerializable(typeof(Sample))]
internal sealed partial class BenchJson : JsonSerializerContext;
