using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Bench.Steps;
using Cairn.Bench.Workload;
using Cairn.Kernel;

namespace Cairn.Bench.Runs;

/// <summary>CPU microseconds of one model-agent step when so many steps lie behind it.</summary>
internal sealed record ProfileRow(int History, double Whole, IReadOnlyDictionary<string, double> Parts);

internal sealed record ProfileReport(
    string Benchmark, string Date, IReadOnlyDictionary<string, string> Machine, string LoadBefore, string LoadAfter, int Kb, IReadOnlyList<ProfileRow> Rows);

/// <summary>
/// Where the CPU of a step goes. The whole step is measured in the running kernel; its parts one by one, over the state
/// that the run's own journal gives, so they need not add up to it.
/// </summary>
internal static class ProfileBenchmark
{
    private const int Window = 200_000_000;
    private const int Repeats = 40;
    private static readonly int[] Places = [10, 100, 300, 1000, 3000];

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "steps", "kb", "dir", "json");
        var directory = Path.Combine(Path.GetFullPath(options.Text("dir", Environment.CurrentDirectory)), $".cairn-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(directory);
        try
        {
            var load = Machine.Load();
            var kb = options.Number("kb", 1);
            await DriveAsync(Path.Combine(directory, "warm"), 300, kb, cancellationToken);
            var rows = await DriveAsync(Path.Combine(directory, "state"), options.Number("steps", 1000), kb, cancellationToken);
            var report = new ProfileReport(
                "profile", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), Machine.Settings(directory), load, Machine.Load(), kb, rows);
            output.WriteLine(options.Has("json") ? JsonSerializer.Serialize(report, BenchJson.Default.ProfileReport) : Text(report));
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<List<ProfileRow>> DriveAsync(string directory, int steps, int kb, CancellationToken cancellationToken)
    {
        using var kernel = new BenchKernel(directory, kb * 1024, new ScriptedModel(steps, TimeSpan.Zero, Window));
        var run = await kernel.StartAsync(null, cancellationToken);
        var observer = new CpuObserver();
        await kernel.Control.DriveAsync(run, null, observer, cancellationToken);
        var rows = new List<ProfileRow>();
        var events = RunHistory.Events(kernel.Journal, run);
        foreach (var at in Places.Where(n => n <= steps))
        {
            // Ten steps around the place: the clock of a process's CPU is coarse.
            var from = observer.Steps[Math.Max(0, at - 10)];
            var whole = (observer.Steps[Math.Min(observer.Steps.Count, at) - 1] - from).TotalMicroseconds / (Math.Min(observer.Steps.Count, at) - 1 - Math.Max(0, at - 10));
            rows.Add(new(at, whole, Parts(kernel, events, at)));
        }

        return rows;
    }

    private static Dictionary<string, double> Parts(BenchKernel kernel, IReadOnlyList<RunEvent> events, int steps)
    {
        var state = RunState.New;
        var results = 0;
        var last = state;
        RunEvent? lastEvent = null;
        foreach (var e in events)
        {
            (last, lastEvent) = (state, e);
            state = Kernel.Kernel.Apply(state, e);
            if (e is ToolCallFinished && ++results == steps)
            {
                break;
            }
        }

        var ask = (AskModel)Kernel.Kernel.Decide(state)[0];
        var blobs = kernel.Control.Services.Blobs;
        var request = PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, blobs.Get);
        var bytes = PromptRenderer.CanonicalBytes(request);
        return new()
        {
            ["fold one event"] = Microseconds(() => Kernel.Kernel.Apply(last, lastEvent!)),
            ["decide"] = Microseconds(() => Kernel.Kernel.Decide(state)),
            ["state hash"] = Microseconds(() => Kernel.Kernel.Hash(state)),
            ["render prompt"] = Microseconds(() => PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, blobs.Get)),
            ["prompt to JSON"] = Microseconds(() => PromptRenderer.CanonicalBytes(request)),
            ["hash of prompt"] = Microseconds(() => BlobHash.Of(bytes)),
            ["prompt KB"] = bytes.Length / 1024.0,
        };
    }

    private static double Microseconds<T>(Func<T> action)
    {
        action();
        var all = new List<double>();
        for (var i = 0; i < Repeats; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            all.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return Bootstrap.Median(all);
    }

    private static string Text(ProfileReport r)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"CPU microseconds of one model-agent step (prompt, model, tool call of {r.Kb} KB, two synced appends), nothing left out of prompts");
        text.AppendLine(CultureInfo.InvariantCulture, $"{string.Join("; ", r.Machine.Select(m => $"{m.Key}: {m.Value}"))}; load average before {r.LoadBefore}, after {r.LoadAfter}");
        var names = r.Rows[0].Parts.Keys;
        text.AppendLine($"{"steps before",12} {"whole step",12} {string.Join(' ', names.Select(n => $"{n,15}"))}");
        foreach (var row in r.Rows)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{row.History,12} {row.Whole,12:N0} {string.Join(' ', names.Select(n => row.Parts[n].ToString("N1", CultureInfo.InvariantCulture).PadLeft(15)))}");
        }

        return text.ToString().TrimEnd();
    }

    private sealed class CpuObserver : IRunObserver
    {
        public List<TimeSpan> Steps { get; } = [];

        public void Recorded(JournalRecord record)
        {
            if (record.Event is ToolCallFinished)
            {
                Steps.Add(Environment.CpuUsage.TotalTime);
            }
        }

        public void ModelDelta(RunId run, ModelDelta delta)
        {
        }

        public void Output(RunId run, string text)
        {
        }
    }
}
