using System.Text.Json.Serialization;

namespace Cairn.Bench;

internal sealed record StepsRow(
    string Name, double StepsPerSecond, double Low, double High, double P50Microseconds, double P99Microseconds,
    double BytesPerStep, double StepsPerSync, double AllocatedPerStep, IReadOnlyList<double> Rounds);

internal sealed record StepsReport(
    string Benchmark, string Machine, string Runtime, string Disk, int Rounds, int StepsPerRunAndRound, int PayloadBytes,
    string Order, IReadOnlyList<StepsRow> Rows, IReadOnlyList<string> Verdicts);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StepsReport))]
internal sealed partial class BenchJson : JsonSerializerContext;
