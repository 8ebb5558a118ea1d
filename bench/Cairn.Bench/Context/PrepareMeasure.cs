using System.Diagnostics;
using Cairn.Kernel;
using K = Cairn.Kernel.Kernel;

namespace Cairn.Bench.Context;

/// <summary>How long it takes to decide what is in the next prompt, and how well prompts continue each other, in a run with very many items.</summary>
internal static class PrepareMeasure
{
    public sealed record Row(int Items, int Window, int Ticks, double P50Us, double P99Us, double MaxUs, long Bytes, int Moves, double ReusePercent, double WholePercent, int Breaks, int AvoidableBreaks);

    public static Row Run(int items, int window, int ticks)
    {
        var run = new LongRun(window, null, 2_000);
        while (run.State.History.Count * 2 < items)
        {
            run.Step(run.Due);
        }

        var (times, bytes) = (new List<double>(ticks), 0L);
        var (bound, whole, shared, breaks, avoidable, moves) = (0L, 0L, 0L, 0, 0, run.State.Context!.Moves);
        AskModel? before = null;
        for (var i = 0; i < ticks; i++)
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            var ask = (AskModel)K.Decide(run.State)[0];
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            bytes += GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (before is not null)
            {
                var (could, did) = PrefixReuse.Between(before.Plan, ask.Plan);
                (bound, whole, shared) = (bound + could, whole + PrefixReuse.Size(before.Plan), shared + did);
                breaks += did < could ? 1 : 0;
                avoidable += did < could && ask.Context is null ? 1 : 0;
            }

            before = ask;
            run.Step(ask);
        }

        times.Sort();
        return new(
            run.State.History.Count * 2, window, ticks, times[ticks / 2], times[ticks * 99 / 100], times[^1], bytes / ticks, run.State.Context!.Moves - moves,
            100.0 * shared / bound, 100.0 * shared / whole, breaks, avoidable);
    }
}
