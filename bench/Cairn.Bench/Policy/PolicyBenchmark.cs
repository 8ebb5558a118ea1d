using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Kernel;
using Cairn.Kernel.Cedar;

namespace Cairn.Bench.Policy;

/// <summary>How long a policy's decision takes and what it allocates, with few and many rules.</summary>
internal static class PolicyBenchmark
{
    private static readonly int[] Sizes = [10, 100, 1000];

    public static int Run(IReadOnlyList<string> args, TextWriter output)
    {
        var options = new BenchOptions(args, "rounds", "decisions", "json");
        var rounds = options.Number("rounds", 15);
        var decisions = options.Number("decisions", 20_000);
        var rows = new List<Row>();
        foreach (var rules in Sizes)
        {
            rows.Add(Measure("spread", rules, Spread(rules), rounds, decisions));
            rows.Add(Measure("all match", rules, AllMatch(rules), rounds, Math.Max(100, decisions / (rules / 10))));
        }

        rows.Add(Measure("refactorer", 7, Shipped(), rounds, decisions));
        if (options.Has("json"))
        {
            output.WriteLine(JsonSerializer.Serialize(rows));
            return 0;
        }

        output.WriteLine("policy       rules   median us      p10      p90   bytes each");
        foreach (var row in rows)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Name,-12}{row.Rules,6}{row.MedianUs,12:F2}{row.P10Us,9:F2}{row.P90Us,9:F2}{row.Bytes,13}"));
        }

        return 0;
    }

    /// <summary>Rules for many roles and resources, as an organisation has them: few concern one request, and those have conditions.</summary>
    private static PolicySet Spread(int count)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var action = Capabilities.Actions[i % Capabilities.Actions.Length];
            text.Append(CultureInfo.InvariantCulture,
                $"{(i % 5 == 4 ? "forbid" : "permit")} (principal in Role::\"role{i % 20}\", action == Action::\"{action}\", resource) when {{ resource has path && resource.path like \"src/{i}/*.py\" && !context.recursive }};\n");
        }

        text.Append("permit (principal, action == Action::\"fs.write\", resource is File) when { resource.extension == \"py\" };\n");
        return Parse(text.ToString());
    }

    /// <summary>The worst case: every rule concerns every request, so that no index helps.</summary>
    private static PolicySet AllMatch(int count)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"permit (principal, action, resource) when {{ resource.path like \"src/*/{i}.py\" || [\"a\", \"b\", \"py{i}\"].contains(resource.extension) }};\n");
        }

        return Parse(text.ToString());
    }

    private static PolicySet Shipped() => Parse(Host.PolicyFiles.Shipped("refactorer.cedar"));

    private static PolicySet Parse(string text) => PolicySet.Parse(text, "bench").Policies ?? throw new InvalidOperationException("the benchmark's policy cannot be read");

    private static Row Measure(string name, int rules, PolicySet policies, int rounds, int decisions)
    {
        var samples = new List<double>(rounds);
        var allowed = 0;
        var bytes = 0L;
        for (var round = -3; round < rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < decisions; i++)
            {
                // Entities and request are made anew each time, as a run does for each call.
                var (request, entities) = PolicyGate.Ask(new("Agent", "coder"), "role3", new("fs.write", "File", i % 2 == 0 ? "src/7/a.py" : "docs/a.md"));
                allowed += policies.Decide(request, entities).IsAllowed ? 1 : 0;
            }

            var elapsed = Stopwatch.GetElapsedTime(start).TotalMicroseconds / decisions;
            bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / decisions;
            if (round >= 0)
            {
                samples.Add(elapsed);
            }
        }

        samples.Sort();
        return allowed < 0 ? throw new InvalidOperationException() : new(name, rules, samples[rounds / 2], samples[rounds / 10], samples[rounds * 9 / 10], bytes);
    }

    private sealed record Row(string Name, int Rules, double MedianUs, double P10Us, double P90Us, long Bytes);
}
