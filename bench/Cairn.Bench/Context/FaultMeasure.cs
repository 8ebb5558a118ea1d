using Cairn.Kernel;

namespace Cairn.Bench.Context;

/// <summary>How often something is used that is not there any more, under a policy and with the best choices that hindsight could make.</summary>
internal static class FaultMeasure
{
    /// <param name="Trace">The trace.</param>
    /// <param name="Uses">Its uses.</param>
    /// <param name="First">Uses of something for the first time: no policy can avoid them.</param>
    /// <param name="Again">Uses of something that was there before and had been left out, by policy, one page at a time; "moves" is ours in large moves, "best" is hindsight.</param>
    public sealed record Row(string Trace, int Uses, int First, IReadOnlyDictionary<string, int> Again);

    /// <summary>What a move leaves filled, as in the kernel: it takes many pages at once, so that prefixes stay.</summary>
    private const double LowWater = 0.47;

    private static readonly string[] Policies = ["lru", "two-queues", "next-use"];

    public static Row Run(string name, List<PageUse> uses, int room)
    {
        var next = NextUses(uses);
        var again = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var policy in Policies)
        {
            var rules = ContextPolicy.Of(policy);
            again[policy] = Faults(uses, room, (at, page) => rules.Worth(new(page.Kind, at - page.Came, at - page.Used, page.Uses, page.Tokens, false, false)));
        }

        var ours = ContextPolicy.Of(null);
        again["moves"] = Faults(uses, room, (at, page) => ours.Worth(new(page.Kind, at - page.Came, at - page.Used, page.Uses, page.Tokens, false, false)), LowWater);
        again["best"] = Faults(uses, room, (_, page) => -next[page.Used]);
        return new(name, uses.Count, uses.Select(u => u.Page).Distinct(StringComparer.Ordinal).Count(), again);
    }

    private static int Faults(List<PageUse> uses, int room, Func<int, Page, double> worth, double down = 1)
    {
        var there = new Dictionary<string, Page>(StringComparer.Ordinal);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var (used, faults) = (0, 0);
        for (var i = 0; i < uses.Count; i++)
        {
            var use = uses[i];
            var times = seen[use.Page] = seen.GetValueOrDefault(use.Page) + 1;
            if (there.TryGetValue(use.Page, out var page))
            {
                (page.Used, page.Uses) = (i, times);
                continue;
            }

            faults += times > 1 ? 1 : 0;
            var limit = used + use.Tokens > room ? (int)(room * down) : room;
            while (used + use.Tokens > limit && there.Count > 0)
            {
                var at = i;
                var leaves = there.MinBy(p => worth(at, p.Value)).Key;
                used -= there[leaves].Tokens;
                there.Remove(leaves);
            }

            there[use.Page] = new() { Kind = use.Kind, Tokens = use.Tokens, Came = i, Used = i, Uses = times };
            used += use.Tokens;
        }

        return faults;
    }

    /// <summary>For each use, when the same thing is used next.</summary>
    private static double[] NextUses(List<PageUse> uses)
    {
        var next = new double[uses.Count];
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = uses.Count - 1; i >= 0; i--)
        {
            next[i] = last.TryGetValue(uses[i].Page, out var at) ? at : double.MaxValue;
            last[uses[i].Page] = i;
        }

        return next;
    }

    private sealed class Page
    {
        public PageKind Kind { get; init; }

        public int Tokens { get; init; }

        public int Came { get; init; }

        public int Used { get; set; }

        public int Uses { get; set; }
    }
}
