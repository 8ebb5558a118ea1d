using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cairn.Bench.Steps;
using Cairn.Bench.Workload;
using Cairn.Sdk;

namespace Cairn.Bench.Runs;

internal sealed record DaemonReport(
    string Benchmark, string Date, IReadOnlyDictionary<string, string> Machine, string LoadBefore, string LoadAfter, int Live, int Waiting, double StartsPerSecond,
    double ManagedKbPerIdleRun, double ResidentKbPerIdleRun, int Threads, double ListMs, double HealthMs, int LiveRuns, int QueuedRuns, int Decisions,
    double AnswersPerSecond, double SecondsToEnd, int Succeeded, double ManagedKbPerEndedRun);

/// <summary>
/// Many live model runs in one daemon, started and answered over its socket. Each has taken a step with a real file tool in a real
/// workspace and waits for a human: nothing of it is at work, all of it is alive. Some more wait for their turn.
/// </summary>
internal static class DaemonBenchmark
{
    private const string Answers =
        """
        - tool_calls:
            - name: write_file
              arguments: {path: note.txt, content: "a note", version: null}
        - tool_calls:
            - name: ask_human
              arguments: {question: "Shall I go on?", options: ["yes", "no"]}
        - tool_calls:
            - name: complete
              arguments: {summary: fine, outcome: done}

        """;

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "live", "waiting", "dir", "json");
        var directory = Path.Combine(Path.GetFullPath(options.Text("dir", Environment.CurrentDirectory)), $".cairn-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(Path.Combine(directory, "repository", ".git"));
        try
        {
            var report = await MeasureAsync(directory, options.Number("live", 1000), options.Number("waiting", 100), cancellationToken);
            output.WriteLine(options.Has("json") ? JsonSerializer.Serialize(report, BenchJson.Default.DaemonReport) : Text(report));
            return report.Succeeded == report.Live + report.Waiting ? 0 : 1;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<DaemonReport> MeasureAsync(string directory, int live, int waiting, CancellationToken cancellationToken)
    {
        var load = Machine.Load();
        var model = Path.Combine(directory, "answers.yaml");
        await File.WriteAllTextAsync(model, Answers, cancellationToken);
        var start = new StartRun { Task = "Take a note.", Repository = Path.Combine(directory, "repository"), Model = "scripted:" + model, Judge = "", Merge = MergeMode.Never };
        var state = Path.Combine(directory, "state");
        await using var daemon = await CairnDaemon.StartAsync(
            new DaemonOptions(new HostOptions(state, new Nobody(), _ => null)) { Limits = new() { LiveRuns = live } }, cancellationToken);
        await using var cairn = RemoteCairn.TryConnect(state, null)!;

        // Warm, and the tables that grow once have grown.
        await EndAsync(cairn, [await cairn.StartAsync(start, cancellationToken)], 1, cancellationToken);
        var (managed, resident) = Memory();
        var clock = Stopwatch.StartNew();
        var runs = new List<RunId>();
        for (var i = 0; i < live + waiting; i++)
        {
            runs.Add(await cairn.StartAsync(start, cancellationToken));
        }

        var starts = runs.Count / clock.Elapsed.TotalSeconds;
        await UntilAsync(async () => (await cairn.DecisionsAsync(cancellationToken)).Count >= live, cancellationToken);
        var (managedIdle, residentIdle) = Memory();
        var threads = Process.GetCurrentProcess().Threads.Count;
        var list = await TimeAsync(() => cairn.RunsAsync(cancellationToken));
        var health = await cairn.HealthAsync(cancellationToken);
        var healthTime = await TimeAsync(() => cairn.HealthAsync(cancellationToken));
        var decisions = (await cairn.DecisionsAsync(cancellationToken)).Count;
        clock.Restart();
        var (answered, succeeded) = await EndAsync(cairn, runs, runs.Count, cancellationToken);
        var ended = clock.Elapsed.TotalSeconds;
        var (managedEnded, _) = Memory();
        return new(
            "daemon", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), Machine.Settings(directory), load, Machine.Load(), live, waiting, starts,
            (managedIdle - managed) / 1024.0 / live, (residentIdle - resident) / 1024.0 / live, threads, list, healthTime, health.LiveRuns, health.QueuedRuns,
            decisions, answered / ended, ended, succeeded, (managedEnded - managed) / 1024.0 / runs.Count);
    }

    /// <summary>Answers whatever is asked until all runs are over.</summary>
    private static async Task<(int Answered, int Succeeded)> EndAsync(RemoteCairn cairn, List<RunId> runs, int most, CancellationToken cancellationToken)
    {
        var answered = 0;
        await UntilAsync(
            async () =>
            {
                foreach (var asked in await cairn.DecisionsAsync(cancellationToken))
                {
                    await cairn.AnswerAsync(asked.Run, asked.Decision, "yes", cancellationToken);
                    answered++;
                }

                return answered >= most;
            },
            cancellationToken);
        var mine = runs.ToHashSet();
        var succeeded = 0;
        await UntilAsync(
            async () =>
            {
                var all = (await cairn.RunsAsync(cancellationToken)).Where(r => mine.Contains(r.Id)).ToList();
                succeeded = all.Count(r => r.Status == "succeeded");
                return all.All(r => r.Ended);
            },
            cancellationToken);
        return (answered, succeeded);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static async Task<double> TimeAsync(Func<Task> call)
    {
        var times = new List<double>();
        for (var i = 0; i < 21; i++)
        {
            var before = Stopwatch.GetTimestamp();
            await call();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }

        return times.Order().ElementAt(times.Count / 2);
    }

    private static (long Managed, long Resident) Memory()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return (GC.GetTotalMemory(forceFullCollection: true), Machine.Resident());
    }

    private static string Text(DaemonReport r) => string.Create(CultureInfo.InvariantCulture,
        $"""
        {r.Live} live model-agent runs in one daemon, each with an edit behind it and a question to a human before it; {r.Waiting} more wait for their turn
        {string.Join("; ", r.Machine.Select(m => $"{m.Key}: {m.Value}"))}; load average before {r.LoadBefore}, after {r.LoadAfter}
        memory per idle run: {r.ManagedKbPerIdleRun:N1} KB managed, {r.ResidentKbPerIdleRun:N1} KB resident; per ended run {r.ManagedKbPerEndedRun:N1} KB managed; {r.Threads} threads in all
        started {r.StartsPerSecond:N0} runs/s over the socket; live {r.LiveRuns}, queued {r.QueuedRuns}, questions {r.Decisions}
        while all wait: list of all runs {r.ListMs:N1} ms, health {r.HealthMs:N2} ms (medians)
        answered {r.AnswersPerSecond:N0} questions/s; {r.Succeeded} of {r.Live + r.Waiting} runs succeeded within {r.SecondsToEnd:N1} s
        """);

    private sealed class Nobody : IHuman
    {
        public Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken) => Task.FromResult<string?>(null);
    }
}
