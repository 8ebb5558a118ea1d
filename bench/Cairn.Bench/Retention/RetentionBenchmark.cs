using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cairn.Bench.Steps;
using Cairn.Bench.Workload;
using Cairn.Sandbox;
using Cairn.Sdk;

namespace Cairn.Bench.Retention;

/// <param name="Depth">Checkpoints below.</param>
/// <param name="MedianMs">Median of the edits around.</param>
/// <param name="MeanMs">Their mean: what is done once in many edits is in it.</param>
/// <param name="WorstMs">The slowest of them.</param>
/// <param name="StateKb">Disk space of the state directory.</param>
internal sealed record DepthRow(int Depth, double MedianMs, double MeanMs, double WorstMs, long StateKb);

internal sealed record RetentionReport(
    string Benchmark, string Date, IReadOnlyDictionary<string, string> Machine, string LoadBefore, string LoadAfter, int TreeFiles, long TreeKb, int WorkingFiles,
    int Checkpoints, double Seconds, IReadOnlyList<DepthRow> Depths, double KbPerCheckpoint, IReadOnlyDictionary<string, long> PartsKb,
    double ReopenMs, double OpenTopMs, double OpenMiddleColdMs, double OpenMiddleAgainMs, double OpenFirstMs, double VerifyMs, bool Verified);

/// <summary>Thousands of checkpoints of a large tree by the whole kernel: real journal, real layers, real file tools.</summary>
internal static class RetentionBenchmark
{
    private const int Around = 48;
    private static readonly int[] LookedAt = [1, 100, 300, 1000, 2000, 5000];
    private static readonly string[] Parts = ["journal", "blobs", "layers", "packs", "squash"];

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "tree-mb", "checkpoints", "working", "dir", "json");
        var directory = Path.Combine(Path.GetFullPath(options.Text("dir", Environment.CurrentDirectory)), $".cairn-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(directory);
        try
        {
            var tree = new SourceTree(options.Number("tree-mb", 1024), options.Number("working", 200));
            var report = await MeasureAsync(directory, tree, options.Number("checkpoints", 5000), cancellationToken);
            output.WriteLine(options.Has("json") ? JsonSerializer.Serialize(report, BenchJson.Default.RetentionReport) : Text(report));
            return report.Verified ? 0 : 1;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<RetentionReport> MeasureAsync(string directory, SourceTree tree, int checkpoints, CancellationToken cancellationToken)
    {
        var load = Machine.Load();
        var (repository, state) = (Path.Combine(directory, "repository"), Path.Combine(directory, "state"));
        tree.Write(repository);
        var host = new HostOptions(state, new Nobody(), _ => null);
        var times = new List<double>();
        var disk = new SortedDictionary<int, long>();
        int[] depths = [.. LookedAt.Where(d => d <= checkpoints)];
        var agent = new EditAgent(tree, checkpoints, (i, ms) =>
        {
            times.Add(ms);
            if (depths.Contains(i))
            {
                disk[i] = Usage(state);
            }
        });
        var clock = Stopwatch.StartNew();
        RunId run;
        await using (var cairn = CairnHost.Open(host))
        {
            run = await cairn.StartAsync(
                new StartRun { Task = "Edit.", Repository = repository, Merge = MergeMode.Never, MaxSteps = checkpoints + 10 }, agent, cancellationToken);
            var end = await cairn.DriveAsync(run, agent, NoObserver.Instance, cancellationToken);
            if (end.Status != "succeeded")
            {
                throw new InvalidOperationException($"The run {end.Status}: {end.Reason}");
            }
        }

        var seconds = clock.Elapsed.TotalSeconds;
        clock.Restart();
        var cairnAgain = CairnHost.Open(host);
        var reopen = clock.Elapsed.TotalMilliseconds;
        await using var closing = cairnAgain;
        var layers = (await cairnAgain.CheckpointsAsync(run, cancellationToken)).Where(c => c.Layer is not null).Select(c => c.Layer!.Value).ToList();
        clock.Restart();
        var verified = (await cairnAgain.VerifyAsync(run, cancellationToken)).Passed;
        var verify = clock.Elapsed.TotalMilliseconds;
        var parts = Parts.ToDictionary(p => p, p => Usage(Path.Combine(state, p)) / 1024);
        var opened = await OpenAsync(host, repository, layers);
        return new(
            "retention", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), Machine.Settings(directory), load, Machine.Load(),
            tree.Files, Usage(repository) / 1024, tree.Working.Count, checkpoints, seconds, [.. depths.Select(d => Row(d, times, disk[d]))],
            parts.Values.Sum() / (double)checkpoints, parts, reopen, opened[0], opened[1], opened[2], opened[3], verify, verified);
    }

    /// <summary>What a rollback waits for: the files of the top, of the middle twice, and of the first checkpoint.</summary>
    private static async Task<double[]> OpenAsync(HostOptions host, string repository, List<LayerId> layers)
    {
        using var store = StateStore.OpenReadOnly(new PosixDisk(), host.StateDirectory);
        using var stacks = new LayerStore(host.StateDirectory, store.Blobs, TimeProvider.System);
        var middle = layers[(layers.Count / 2) - 7];
        var times = new List<double>();
        foreach (var layer in (LayerId[])[layers[^1], middle, middle, layers[0]])
        {
            var before = Stopwatch.GetTimestamp();
            await using var workspace = stacks.Open(RunId.Parse("rlook"), repository, layer);
            _ = workspace.Stat("src");
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }

        return [.. times];
    }

    private static DepthRow Row(int depth, List<double> times, long bytes)
    {
        // A window that ends at the depth, or begins at the first edit.
        var window = times.Skip(Math.Max(0, Math.Min(depth, times.Count) - Around)).Take(Around).Order().ToList();
        return new(depth, window[window.Count / 2], window.Average(), window[^1], bytes / 1024);
    }

    private static long Usage(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return 0;
        }

        using var du = Process.Start(new ProcessStartInfo("du", ["-s", "--block-size=1", directory]) { RedirectStandardOutput = true })!;
        var text = du.StandardOutput.ReadToEnd();
        du.WaitForExit();
        return long.Parse(text.Split('\t')[0], CultureInfo.InvariantCulture);
    }

    private static string Text(RetentionReport r) => string.Create(CultureInfo.InvariantCulture,
        $"""
        {r.Checkpoints} checkpoints, one edited line each in one of {r.WorkingFiles} files, over a tree of {r.TreeFiles} files ({r.TreeKb / 1024} MB): the whole kernel, real journal, layers and tools
        {string.Join("; ", r.Machine.Select(m => $"{m.Key}: {m.Value}"))}; load average before {r.LoadBefore}, after {r.LoadAfter}
        {r.Seconds:N1} s; {r.KbPerCheckpoint:N1} KB on disk per checkpoint: {string.Join(", ", r.PartsKb.Select(p => $"{p.Key} {p.Value:N0} KB"))}
        depth        median ms    mean ms   worst ms   state KB   (of the {Around} edits up to there)
        {string.Join('\n', r.Depths.Select(d => string.Create(CultureInfo.InvariantCulture, $"{d.Depth,-12} {d.MedianMs,9:N2} {d.MeanMs,10:N2} {d.WorstMs,10:N1} {d.StateKb,10:N0}")))}
        open the state directory again {r.ReopenMs:N0} ms; replay --verify {r.VerifyMs:N0} ms ({(r.Verified ? "passed" : "FAILED")})
        files of the top {r.OpenTopMs:N1} ms, of the middle {r.OpenMiddleColdMs:N1} ms and again {r.OpenMiddleAgainMs:N1} ms, of the first checkpoint {r.OpenFirstMs:N1} ms
        """);

    private sealed class Nobody : IHuman
    {
        public Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken) => Task.FromResult<string?>(null);
    }
}
