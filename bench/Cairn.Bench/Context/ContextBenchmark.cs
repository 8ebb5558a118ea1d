using System.Globalization;
using System.Text.Json;

namespace Cairn.Bench.Context;

/// <summary>./cairn bench context: what deciding on a prompt costs, what policies leave out too early, what survives.</summary>
internal static class ContextBenchmark
{
    private const int Traces = 6;

    public static async Task<int> RunAsync(IReadOnlyList<string> args, TextWriter output)
    {
        var options = new BenchOptions(args, "items", "window", "ticks", "room", "facts", "repos", "edits", "journals", "json");
        var window = options.Number("window", 200_000);
        var prepare = PrepareMeasure.Run(options.Number("items", 100_000), window, options.Number("ticks", 5_000));
        var repositories = options.Text("repos", Environment.CurrentDirectory).Split(',', StringSplitOptions.RemoveEmptyEntries);
        var room = options.Number("room", 40_000);
        var recorded = options.Text("journals", "");
        var traces = recorded.Length > 0 ? JournalTraces.Of(recorded) : FileTraces.Of(repositories, Traces);
        var faults = traces.Select(t => FaultMeasure.Run(t.Name, t.Uses, room)).ToList();
        var facts = FactMeasure.Run(options.Number("facts", 200)).ToList();
        var watch = await WatchMeasure.RunAsync(options.Number("edits", 30), CancellationToken.None);
        if (options.Has("json"))
        {
            output.WriteLine(JsonSerializer.Serialize(new { prepare, watch, room, faults, facts }));
            return 0;
        }

        string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        output.WriteLine(Line($"prepare, {prepare.Items} items, window {prepare.Window}, {prepare.Ticks} ticks: p50 {prepare.P50Us:F1} us, p99 {prepare.P99Us:F1} us, max {prepare.MaxUs:F0} us, {prepare.Bytes} bytes each; {prepare.Moves} moves"));
        output.WriteLine(Line($"prefix reuse, every break charged: {prepare.ReusePercent:F2}% of the longest common beginning that the two prompts' lengths allow, {prepare.WholePercent:F2}% of the whole prompts before; {prepare.Breaks} breaks, {prepare.AvoidableBreaks} of them avoidable"));
        output.WriteLine();
        output.WriteLine(Line($"files changed by hand while a run waits, {watch.Edits} edits: noted durably after p50 {watch.P50Ms:F1} ms, max {watch.MaxMs:F1} ms"));
        output.WriteLine();
        output.WriteLine(Line($"faults (uses of what had been left out), room {room} tokens; traces are {(recorded.Length > 0 ? "the journals of runs" : "simulated from git histories")}"));
        output.WriteLine("trace                  uses  first    lru  two-queues  next-use  in moves   best  next-use/best  with first uses");
        foreach (var row in faults)
        {
            var (ours, best) = (row.Again["next-use"], row.Again["best"]);
            output.WriteLine(Line($"{row.Trace,-20}{row.Uses,7}{row.First,7}{row.Again["lru"],7}{row.Again["two-queues"],12}{ours,10}{row.Again["moves"],10}{best,7}{(best == 0 ? 1 : (double)ours / best),15:F2}{(double)(ours + row.First) / (best + row.First),17:F2}"));
        }

        var (used, first, again, least) = (faults.Sum(f => f.Uses), faults.Sum(f => f.First), faults.Sum(f => f.Again["next-use"]), faults.Sum(f => f.Again["best"]));
        output.WriteLine(Line($"all references: {used} uses; faults {first + again} of ours ({first + faults.Sum(f => f.Again["moves"])} in moves), {first + least} with hindsight, {(double)(first + again) / Math.Max(1, first + least):F2}x; without first uses {again} and {least}, {(double)again / Math.Max(1, least):F2}x"));
        output.WriteLine();
        output.WriteLine("kind                   planted   in full   by address   lost   lost by truncation");
        foreach (var row in facts)
        {
            output.WriteLine(Line($"{row.Kind,-22}{row.Planted,8}{row.Full,10}{row.Named,13}{row.Planted - row.Full - row.Named,7}{row.Planted - row.Truncated,21}"));
        }

        return 0;
    }
}
