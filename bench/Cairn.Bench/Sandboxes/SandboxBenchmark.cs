using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cairn.Bench.Steps;
using Cairn.Bench.Workload;
using Cairn.Sandbox;

namespace Cairn.Bench.Sandboxes;

/// <param name="Name">What was run.</param>
/// <param name="Samples">How many times.</param>
/// <param name="MedianMs">Median time.</param>
/// <param name="P99Ms">The slowest but one in a hundred.</param>
/// <param name="Ratio">Median of the rounds' ratios to the bare process: above 1 is slower.</param>
/// <param name="Low">Lower end of its 95% bootstrap interval.</param>
/// <param name="High">Upper end.</param>
internal sealed record SandboxRow(string Name, int Samples, double MedianMs, double P99Ms, double Ratio, double Low, double High);

internal sealed record SandboxReport(
    string Benchmark, string Date, IReadOnlyDictionary<string, string> Machine, string LoadBefore, string LoadAfter, int Rounds, int Calls, IReadOnlyList<SandboxRow> Rows,
    IReadOnlyList<string> NotMeasured);

/// <summary>What it costs to run /bin/true, by backend, beside a bare process of .NET and other sandboxes.</summary>
internal static class SandboxBenchmark
{
    private const int WarmUp = 20;

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "rounds", "calls", "peers", "cache", "dir", "json");
        var directory = Path.Combine(Path.GetFullPath(options.Text("dir", Environment.CurrentDirectory)), $".cairn-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(Path.Combine(directory, "repository"));
        File.WriteAllText(Path.Combine(directory, "repository", "readme"), "hello\n");
        try
        {
            var (rounds, calls, load) = (options.Number("rounds", 10), options.Number("calls", 60), Machine.Load());
            var cache = Path.GetFullPath(options.Text("cache", "artifacts/bench/peers"));
            var (peers, left) = await SandboxPeer.FindAsync(
                options.Text("peers", "none"), Path.Combine(directory, "repository"), Directory.CreateDirectory(Path.Combine(directory, "home")).FullName, cache, Console.Error, cancellationToken);
            var rows = await MeasureAsync(directory, rounds, calls, peers, cancellationToken);
            var report = new SandboxReport(
                "sandbox", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), Machine.Settings(directory), load, Machine.Load(), rounds, calls, rows, left);
            output.WriteLine(options.Has("json") ? JsonSerializer.Serialize(report, BenchJson.Default.SandboxReport) : Text(report));
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<IReadOnlyList<SandboxRow>> MeasureAsync(
        string directory, int rounds, int calls, IReadOnlyList<SandboxPeer> peers, CancellationToken cancellationToken)
    {
        using var box = new LayerStore(Path.Combine(directory, "box"), new NoBodies(), TimeProvider.System, new() { Backend = "box" });
        using var chain = new LayerStore(Path.Combine(directory, "bubblewrap"), new NoBodies(), TimeProvider.System, new() { Backend = "bubblewrap" });
        var repository = Path.Combine(directory, "repository");
        await using var inBox = box.Open(RunId.Parse("rbench"), repository, null);
        await using var inChain = chain.Open(RunId.Parse("rbench"), repository, null);
        var command = new SandboxCommand(["/bin/true"]);
        var limits = 0;
        (string Name, Func<Task> Run)[] kinds =
        [
            ("bare process", () => ProcessAsync(["/bin/true"], cancellationToken)),
            ("bare process again (A/A)", () => ProcessAsync(["/bin/true"], cancellationToken)),
            ("plain bwrap, no workspace", () => ProcessAsync(
                ["bwrap", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "/bin/true"], cancellationToken)),
            ("box, warm", () => Checked(inBox.RunAsync(command, cancellationToken))),
            // Limits that no other call had: a sandbox of its own must be made.
            ("box, cold", () => Checked(inBox.RunAsync(command with { Limits = new() { MemoryBytes = (1L << 30) + (4096L * ++limits) } }, cancellationToken))),
            ("bubblewrap chain", () => Checked(inChain.RunAsync(command, cancellationToken))),
            .. peers.Select(p => (p.Name, (Func<Task>)(() => p.RunAsync(cancellationToken)))),
        ];
        var times = kinds.Select(_ => new List<double[]>()).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            // ABBA: each second round goes backwards, so that a machine that warms up favours nobody.
            foreach (var i in round % 2 == 0 ? Enumerable.Range(0, kinds.Length) : Enumerable.Range(0, kinds.Length).Reverse())
            {
                var samples = new double[round < 0 ? WarmUp : calls];
                for (var n = 0; n < samples.Length; n++)
                {
                    var before = Stopwatch.GetTimestamp();
                    await kinds[i].Run();
                    samples[n] = Stopwatch.GetElapsedTime(before).TotalMilliseconds;
                }

                if (round >= 0)
                {
                    times[i].Add([.. samples.Order()]);
                }
            }
        }

        return [.. kinds.Select((kind, i) => Row(kind.Name, times[i], times[0]))];
    }

    private static SandboxRow Row(string name, List<double[]> rounds, List<double[]> baseline)
    {
        double[] all = [.. rounds.SelectMany(r => r).Order()];
        double[] mine = [.. rounds.Select(r => r[r.Length / 2])];
        double[] theirs = [.. baseline.Select(r => r[r.Length / 2])];
        var (ratio, low, high) = Bootstrap.Ratio(mine, theirs);
        return new(name, all.Length, all[all.Length / 2], all[(int)(all.Length * 0.99)], ratio, low, high);
    }

    private static async Task Checked(Task<SandboxResult> running)
    {
        var result = await running;
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"/bin/true ended with {result.ExitCode}: {result.Error}");
        }
    }

    private static async Task ProcessAsync(string[] command, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{command[0]} ended with {process.ExitCode}.");
        }
    }

    private static string Text(SandboxReport r) => string.Create(CultureInfo.InvariantCulture,
        $"""
        /bin/true, started from .NET with its output read; {r.Rounds} rounds of {r.Calls} calls in ABBA order, ratios of medians to the bare process with 95% intervals
        {string.Join("; ", r.Machine.Select(m => $"{m.Key}: {m.Value}"))}; load average before {r.LoadBefore}, after {r.LoadAfter}
        what                          median ms     p99 ms    x bare
        {string.Join('\n', r.Rows.Select(x => string.Create(CultureInfo.InvariantCulture, $"{x.Name,-29} {x.MedianMs,9:N3} {x.P99Ms,10:N3} {x.Ratio,9:N2} [{x.Low:N2}, {x.High:N2}]")))}
        {string.Join('\n', r.NotMeasured.Select(n => $"not measured: {n}"))}
        """);

    /// <summary>/bin/true changes nothing, so nothing is kept.</summary>
    private sealed class NoBodies : IBlobStore
    {
        public BlobHash Put(ReadOnlySpan<byte> body) => BlobHash.Of(body);

        public byte[]? TryGet(BlobHash hash) => null;
    }
}
