using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Cairn.Bench;

/// <summary>
/// Durable steps per second of the storage engine, beside what the disk can do at all: a bare loop of one write and one
/// fdatasync, into a growing file and into one that was filled with zeros before.
/// </summary>
internal static class StepsBenchmark
{
    private const string GrowingFloor = "bare write+fdatasync, growing file";
    private const string FilledFloor = "bare write+fdatasync, zero-filled file";

    public static async Task<int> RunAsync(StepsOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        var root = Path.Combine(options.Directory, $".cairn-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(root);
        try
        {
            var series = new List<(Series Series, Func<Series, int, string, Task> Measure)>
            {
                (new(GrowingFloor), (into, steps, path) => FloorAsync(into, steps, options.PayloadBytes, path, filled: false)),
                (new(FilledFloor), (into, steps, path) => FloorAsync(into, steps, options.PayloadBytes, path, filled: true)),
            };
            foreach (var runs in options.Runs)
            {
                series.Add((new(Name(runs)), (into, steps, path) => StoreAsync(into, runs, steps, options.PayloadBytes, path, cancellationToken)));
            }

            foreach (var (_, measure) in series)
            {
                await measure(new("warm-up"), Math.Min(options.Steps, 2000), Path.Combine(root, "warm"));
            }

            for (var round = 0; round < options.Rounds; round++)
            {
                foreach (var (into, measure) in round % 2 == 0 ? series : Enumerable.Reverse(series))
                {
                    GC.Collect();
                    await measure(into, options.Steps, Path.Combine(root, $"r{round}"));
                }
            }

            Print(Report(options, [.. series.Select(item => item.Series)]), options.Json, output);
            return 0;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static string Name(int runs) => runs == 1 ? "Cairn, 1 run" : $"Cairn, {runs} runs";

    private static Task FloorAsync(Series into, int steps, int bytes, string path, bool filled)
    {
        var disk = new PosixDisk();
        var body = new byte[bytes];
        Random.Shared.NextBytes(body);
        using (var file = disk.Open(path, DiskOpen.ReadWrite))
        {
            if (filled)
            {
                file.Write(0, new byte[steps * bytes]);
            }

            file.Sync();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < steps; i++)
            {
                var before = Stopwatch.GetTimestamp();
                file.Write((long)i * bytes, body);
                file.Sync();
                into.Latencies.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds);
            }

            into.Rates.Add(steps / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        into.Steps += steps;
        into.Syncs += steps;
        into.Bytes += (long)steps * bytes * (filled ? 2 : 1);
        disk.Delete(path);
        return Task.CompletedTask;
    }

    private static async Task StoreAsync(Series into, int runs, int steps, int bytes, string path, CancellationToken cancellationToken)
    {
        var disk = new CountingDisk(new PosixDisk());
        using (var store = StateStore.Open(disk, path, TimeProvider.System))
        {
            RunEvent[] step = [Event(bytes)];
            var latencies = Enumerable.Range(0, runs).Select(_ => new double[steps]).ToArray();
            await store.Journal.AppendAsync(RunId.Parse("first"), 0, step, cancellationToken);
            var (written, syncs, allocated) = (disk.Bytes, disk.Syncs, GC.GetTotalAllocatedBytes());
            var start = Stopwatch.GetTimestamp();
            if (runs == 1)
            {
                await OneRunAsync(store.Journal, "r0", step, latencies[0], cancellationToken);
            }
            else
            {
                await Task.WhenAll(Enumerable.Range(0, runs).Select(run => Task.Run(
                    () => OneRunAsync(store.Journal, $"r{run}", step, latencies[run], cancellationToken), cancellationToken)));
            }

            into.Rates.Add(runs * steps / Stopwatch.GetElapsedTime(start).TotalSeconds);
            into.Allocated += GC.GetTotalAllocatedBytes() - allocated;
            into.Bytes += disk.Bytes - written;
            into.Syncs += disk.Syncs - syncs;
            into.Steps += runs * steps;
            into.Latencies.AddRange(latencies.SelectMany(values => values));
        }

        Directory.Delete(path, recursive: true);
    }

    private static async Task OneRunAsync(IJournal journal, string run, RunEvent[] step, double[] latencies, CancellationToken cancellationToken)
    {
        var id = RunId.Parse(run);
        for (var i = 0; i < latencies.Length; i++)
        {
            var before = Stopwatch.GetTimestamp();
            await journal.AppendAsync(id, i, step, cancellationToken);
            latencies[i] = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
        }
    }

    // An event whose canonical JSON has exactly so many bytes.
    private static CheckpointTaken Event(int bytes)
    {
        var empty = CairnJson.Bytes<RunEvent>(new CheckpointTaken(""), CairnJson.Default.RunEvent).Length;
        return new(new string('x', Math.Max(0, bytes - empty)));
    }

    private static StepsReport Report(StepsOptions options, IReadOnlyList<Series> all)
    {
        var rows = all.Select(series =>
        {
            var (median, low, high) = series.Rate();
            return new StepsRow(
                series.Name, median, low, high, series.Percentile(0.5), series.Percentile(0.99),
                (double)series.Bytes / series.Steps, (double)series.Steps / series.Syncs, (double)series.Allocated / series.Steps, series.Rates);
        }).ToList();
        var verdicts = new List<string>();
        foreach (var (runs, peer, factor) in new[] { (1, 776, 10), (16, 2152, 30) })
        {
            if (options.PayloadBytes == 1024 && rows.Find(row => row.Name == Name(runs)) is { } row)
            {
                verdicts.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{row.Name}: {row.StepsPerSecond / peer:F1}x of {peer} steps/s (the fastest peer when it was measured apart from this run); the target {factor}x is {(row.StepsPerSecond >= (double)peer * factor ? "reached" : "NOT reached")}; {row.StepsPerSecond / rows[0].StepsPerSecond:F2}x of the growing floor, {row.StepsPerSecond / rows[1].StepsPerSecond:F2}x of the zero-filled floor"));
            }
        }

        return new(
            "steps", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors",
            RuntimeInformation.FrameworkDescription, new DriveInfo(options.Directory).DriveFormat, options.Rounds, options.Steps, options.PayloadBytes,
            "ABBA: each other round backwards", rows, verdicts);
    }

    private static void Print(StepsReport report, bool json, TextWriter output)
    {
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(report, BenchJson.Default.StepsReport));
            return;
        }

        output.WriteLine($"Durable steps of {report.PayloadBytes} bytes; {report.Rounds} rounds of {report.StepsPerRunAndRound} steps per run, {report.Order}");
        output.WriteLine($"{report.Machine}; {report.Runtime}; file system {report.Disk}");
        output.WriteLine($"{"",-40} {"steps/s",10} {"95% of median",19} {"p50 us",8} {"p99 us",8} {"B/step",8} {"steps/sync",10} {"alloc B",8}");
        foreach (var row in report.Rows)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Name,-40} {row.StepsPerSecond,10:N0} {row.Low,9:N0} -{row.High,8:N0} {row.P50Microseconds,8:F0} {row.P99Microseconds,8:F0} {row.BytesPerStep,8:N0} {row.StepsPerSync,10:F1} {row.AllocatedPerStep,8:N0}"));
        }

        foreach (var verdict in report.Verdicts)
        {
            output.WriteLine(verdict);
        }
    }
}
