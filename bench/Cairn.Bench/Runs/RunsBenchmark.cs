using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cairn.Bench.Steps;
using Cairn.Bench.Workload;

namespace Cairn.Bench.Runs;

internal sealed record RunsReport(
    string Benchmark, string Date, IReadOnlyDictionary<string, string> Machine, string LoadBefore, string LoadAfter, int Live, int StepsPerRun, int Kb, int WaitMs,
    double ManagedKbPerIdleRun, double ResidentKbPerIdleRun, double ManagedKbPerEndedRun, double StepsPerSecond, double CpuMicrosecondsPerStep, long Steps,
    double SecondsToStart, IReadOnlyDictionary<string, long> Tables);

/// <summary>Many live runs in one kernel: what an idle one holds in memory, what a step costs, what is left when all are over.</summary>
internal static class RunsBenchmark
{
    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "live", "steps", "kb", "wait-ms", "dir", "json");
        var directory = Path.Combine(Path.GetFullPath(options.Text("dir", Environment.CurrentDirectory)), $".cairn-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(directory);
        try
        {
            var report = await MeasureAsync(
                directory, options.Number("live", 1000), options.Number("steps", 10), options.Number("kb", 1), options.Number("wait-ms", 200), cancellationToken);
            output.WriteLine(options.Has("json") ? JsonSerializer.Serialize(report, BenchJson.Default.RunsReport) : Text(report));
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<RunsReport> MeasureAsync(string directory, int live, int steps, int kb, int waitMs, CancellationToken cancellationToken)
    {
        var load = Machine.Load();
        await SmallAsync(Path.Combine(directory, "warm"), cancellationToken);
        var gate = new GatedModel(steps, TimeSpan.FromMilliseconds(waitMs));
        using var kernel = new BenchKernel(Path.Combine(directory, "state"), kb * 1024, gate);
        var ids = new List<RunId>();
        var startTime = Stopwatch.GetTimestamp();
        for (var i = 0; i < live; i++)
        {
            ids.Add(await kernel.StartAsync(null, cancellationToken));
        }

        var secondsToStart = Stopwatch.GetElapsedTime(startTime).TotalSeconds;
        var (managed, resident) = Memory();
        var driven = ids.Select(id => Task.Run(() => kernel.Control.DriveAsync(id, null, NoObserver.Instance, cancellationToken), cancellationToken)).ToList();

        // Half of the steps, then every run waits for its model: that is what an idle run is.
        await gate.AllWaitAsync(live, cancellationToken);
        var (managedIdle, residentIdle) = Memory();
        var cpu = Environment.CpuUsage.TotalTime;
        var asked = gate.Asked;
        var start = Stopwatch.GetTimestamp();
        gate.Open();
        await Task.WhenAll(driven).WaitAsync(cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var did = gate.Asked - asked;
        var used = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds;
        driven.Clear();

        // Away from the stack of the run that ended last: it holds the results of all.
        await Task.Yield();
        var (managedAfter, _) = Memory();
        return new(
            "runs", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), Machine.Settings(directory), load, Machine.Load(),
            live, steps, kb, waitMs, (managedIdle - managed) / 1024.0 / live, (residentIdle - resident) / 1024.0 / live,
            (managedAfter - managed) / 1024.0 / live, did / seconds, used / did, did, secondsToStart, kernel.Tables());
    }

    private static async Task SmallAsync(string directory, CancellationToken cancellationToken)
    {
        using var kernel = new BenchKernel(directory, 1024, new ScriptedModel(50, TimeSpan.Zero, 200_000));
        for (var i = 0; i < 4; i++)
        {
            await kernel.Control.DriveAsync(await kernel.StartAsync(null, cancellationToken), null, NoObserver.Instance, cancellationToken);
        }
    }

    private static (long Managed, long Resident) Memory()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return (GC.GetTotalMemory(forceFullCollection: true), Machine.Resident());
    }

    private static string Text(RunsReport r) => string.Create(CultureInfo.InvariantCulture,
        $"""
        {r.Live} live model-agent runs in one process, {r.StepsPerRun} steps of {r.Kb} KB each, a model that takes {r.WaitMs} ms; real journal, files and tools in memory
        {string.Join("; ", r.Machine.Select(m => $"{m.Key}: {m.Value}"))}; load average before {r.LoadBefore}, after {r.LoadAfter}
        memory per idle run (waiting for its model, half of its steps behind it): {r.ManagedKbPerIdleRun:N1} KB managed, {r.ResidentKbPerIdleRun:N1} KB resident
        memory per ended run (what the index of its records and bodies keeps): {r.ManagedKbPerEndedRun:N1} KB managed
        {r.StepsPerSecond:N0} steps/s over all ({r.Live * 1000.0 / r.WaitMs:N0} would be the model alone), {r.CpuMicrosecondsPerStep:N0} us CPU per step, {r.Steps} steps; started {r.Live / r.SecondsToStart:N0} runs/s
        tables after the last run ended: {string.Join("; ", r.Tables.Select(t => $"{t.Key} {t.Value:N0}"))}
        """);
}
