using System.Globalization;
using Cairn.Bench.Steps;

namespace Cairn.Bench.Gateway;

/// <summary>One server's samples, one of each kind per round; times in microseconds.</summary>
internal sealed record GatewayRow(string Server)
{
    /// <summary>Median of one request after the other.</summary>
    public List<double> P50 { get; init; } = [];

    public List<double> P99 { get; init; } = [];

    /// <summary>Median time to the first event of a stream.</summary>
    public List<double> First { get; init; } = [];

    /// <summary>Median time to a stream's end.</summary>
    public List<double> Stream { get; init; } = [];

    /// <summary>Requests per second over several connections.</summary>
    public List<double> Rate { get; init; } = [];

    /// <summary>The server's own CPU per request of these.</summary>
    public List<double> CpuUs { get; init; } = [];

    /// <summary>The same of streams of twenty events.</summary>
    public List<double> StreamCpuUs { get; init; } = [];
}

internal sealed record StreamMemory(string Server, int Streams, long BeforeKb, long OpenKb)
{
    public double KbEach => (OpenKb - BeforeKb) / (double)Streams;
}

/// <summary>One conversation over one kind of connection: bodies and messages only, no headers.</summary>
internal sealed record TurnsRow(string Kind, int Turns, long SentBytes, long ReceivedBytes, List<double> TurnUs, List<double> LastTurnsUs);

internal sealed record GatewayReport(
    string Benchmark, string Date, IReadOnlyDictionary<string, string> Machine, string LoadBefore, string LoadAfter, int Rounds, int Requests, int Connections,
    IReadOnlyList<GatewayRow> Rows, IReadOnlyList<StreamMemory> Memory, IReadOnlyList<TurnsRow> Turns, IReadOnlyList<string> NotMeasured)
{
    public string Text()
    {
        var direct = Rows[0];
        return string.Create(CultureInfo.InvariantCulture,
            $"""
            {Rounds} rounds in ABBA order, {Requests} requests one after the other and a second with {Connections} connections in each; 1 KB there and back; medians with 95% intervals
            {string.Join("; ", Machine.Select(m => $"{m.Key}: {m.Value}"))}; load average before {LoadBefore}, after {LoadAfter}
            {string.Join('\n', Rows.Select(r => Line(r, direct)))}
            {string.Join('\n', Rows.Skip(2).Select(r => $"{r.Server} to {Rows[1].Server}: CPU {Ratio(r.CpuUs, Rows[1].CpuUs)}, CPU of a stream {Ratio(r.StreamCpuUs, Rows[1].StreamCpuUs)}, added latency {Ratio(Added(r.P50, direct.P50), Added(Rows[1].P50, direct.P50))}, added to the first event {Ratio(Added(r.First, direct.First), Added(Rows[1].First, direct.First))}, requests/s {Ratio(r.Rate, Rows[1].Rate)}"))}
            {string.Join('\n', Memory.Select(m => $"{m.Streams,5} open streams through {m.Server}: {m.KbEach:N1} KB each (resident {m.BeforeKb / 1024.0:N0} MB before, {m.OpenKb / 1024.0:N0} MB with them)"))}
            {string.Join('\n', Turns.Select(t => $"{t.Turns} tool-call turns over {t.Kind}: {t.SentBytes / 1024.0:N1} KB sent, {t.ReceivedBytes / 1024.0:N1} KB received; {Interval(t.TurnUs)} us per turn, the last quarter {Interval(t.LastTurnsUs)}"))}
            {string.Join('\n', NotMeasured.Select(n => $"not measured: {n}"))}
            """);
    }

    private static string Line(GatewayRow row, GatewayRow direct) => ReferenceEquals(row, direct)
        ? $"{row.Server}: p50 {Interval(row.P50)} us, p99 {Interval(row.P99)}, first event {Interval(row.First)}, stream {Interval(row.Stream)}; {Interval(row.Rate)} requests/s, CPU {Interval(row.CpuUs)} us"
        : $"{row.Server}: added p50 {Interval(Added(row.P50, direct.P50))} us, p99 {Interval(Added(row.P99, direct.P99))}, first event {Interval(Added(row.First, direct.First))}, stream {Interval(Added(row.Stream, direct.Stream))}; {Interval(row.Rate)} requests/s, CPU {Interval(row.CpuUs)} us, of a stream {Interval(row.StreamCpuUs)}";

    private static List<double> Added(List<double> own, List<double> direct) => [.. own.Zip(direct, (a, b) => a - b)];

    private static string Interval(IReadOnlyList<double> values)
    {
        var (median, low, high) = Bootstrap.Of(values);
        return string.Create(CultureInfo.InvariantCulture, $"{median:N0} [{low:N0} - {high:N0}]");
    }

    private static string Ratio(IReadOnlyList<double> a, IReadOnlyList<double> b)
    {
        var (median, low, high) = Bootstrap.Ratio(a, b);
        return string.Create(CultureInfo.InvariantCulture, $"{median:N2}x [{low:N2} - {high:N2}]");
    }
}
