using System.Diagnostics;
using System.Text.Json;
using Cairn.Bench.Workload;

namespace Cairn.Bench.Steps;

/// <summary>
/// One phase of one of Cairn's own variants, in a process of its own. The phase that writes ends by killing itself, so
/// that the phase that recovers finds what a crash leaves.
/// </summary>
internal static class SampleProcess
{
    private const int WarmSteps = 500;

    /// <summary>
    /// The runtime compiles hot code anew in the background for about this long. A kernel lives for days: what is to be
    /// measured is not its first second.
    /// </summary>
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "variant", "phase", "dir", "runs", "steps", "bytes");
        var (variant, directory) = (options.Text("variant", ""), options.Text("dir", ""));
        var (runs, steps, bytes) = (options.Number("runs", 1), options.Number("steps", 10), options.Number("bytes", 1024));
        if (options.Text("phase", "write") == "recover")
        {
            Print(output, await RecoverAsync(variant, directory, runs, steps, cancellationToken));
            return 0;
        }

        if (variant == "files-daemon")
        {
            Print(output, await DaemonSteps.MeasureAsync(directory, runs, steps, bytes, cancellationToken));
            return 0;
        }

        // Compiled code is what a long-lived kernel runs; the peers' servers are warm as well.
        var start = Stopwatch.GetTimestamp();
        for (var round = 0; round == 0 || Stopwatch.GetElapsedTime(start) < Warm; round++)
        {
            await WriteAsync(variant, Path.Combine(directory, $"warm{round}"), Math.Min(runs, 4), variant == "files-embedded" ? WarmSteps / 5 : WarmSteps, bytes, cancellationToken);
        }

        GC.Collect();
        var cpu = Environment.CpuUsage.TotalTime;
        var sample = await WriteAsync(variant, Path.Combine(directory, "state"), runs, steps, bytes, cancellationToken);
        Print(output, sample with { CpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds });
        using var self = Process.GetCurrentProcess();
        self.Kill();
        return 1;
    }

    private static void Print(TextWriter output, Sample sample)
    {
        output.WriteLine(JsonSerializer.Serialize(sample, BenchJson.Default.Sample));
        output.Flush();
    }

    private static Task<Sample> WriteAsync(string variant, string directory, int runs, int steps, int bytes, CancellationToken cancellationToken) => variant switch
    {
        "floor-growing" => Task.FromResult(Floor.Measure(directory, steps, bytes, filled: false)),
        "floor-filled" => Task.FromResult(Floor.Measure(directory, steps, bytes, filled: true)),
        "storage" => StorageSteps.MeasureAsync(directory, runs, steps, bytes, cancellationToken),
        "kernel-code" => KernelSteps.CodeAsync(directory, runs, steps, bytes, onlyComputes: false, cancellationToken),
        "kernel-computing" => KernelSteps.CodeAsync(directory, runs, steps, bytes, onlyComputes: true, cancellationToken),
        "kernel-model" => KernelSteps.ModelAsync(directory, runs, steps, bytes, cancellationToken),
        "files-embedded" => FileSteps.EmbeddedAsync(directory, runs, steps, bytes, cancellationToken),
        _ => throw new FormatException($"There is no variant {variant}."),
    };

    private static async Task<Sample> RecoverAsync(string variant, string directory, int runs, int steps, CancellationToken cancellationToken)
    {
        var state = Path.Combine(directory, "state");
        var start = Stopwatch.GetTimestamp();
        return variant switch
        {
            "storage" => StorageSteps.Recover(state, runs, steps, start),
            "kernel-code" or "kernel-computing" or "kernel-model" => await KernelSteps.RecoverAsync(state, runs, steps, start, cancellationToken),
            "files-embedded" => await FileSteps.RecoverAsync(state, runs, steps, start, cancellationToken),
            _ => new(),
        };
    }
}
