using System.Diagnostics;
using System.Globalization;
using Cairn.Bench.Workload;
using Cairn.Sdk;

namespace Cairn.Bench.Steps;

/// <summary>
/// A real `cairn serve` and a client that does what clients do: starts runs over the Unix socket and follows their events.
/// A step counts when its record has come back to the client, so after it became durable.
/// </summary>
internal static class DaemonSteps
{
    private const int ClockTicks = 100;
    private const int WarmSteps = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(5);

    private static string Cli => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../../src/Cairn.Cli/bin/Release/net10.0/cairn"));

    public static async Task<Sample> MeasureAsync(string directory, int runs, int steps, int bytes, CancellationToken cancellationToken)
    {
        var state = Path.Combine(directory, "state");
        Directory.CreateDirectory(state);
        var (daemon, cairn) = await StartAsync(state, cancellationToken);
        using var first = daemon;
        Sample sample;
        long disk;
        await using (cairn)
        {
            // A daemon is warm when work comes. What made it so is taken off the size, and is over.
            var warm = await FileSteps.WriteAsync(cairn, Path.Combine(directory, "warm"), 1, WarmSteps, bytes, (run, o) => cairn.FollowAsync(run, o, cancellationToken), cancellationToken);
            foreach (var run in await cairn.RunsAsync(cancellationToken))
            {
                await cairn.CancelAsync(run.Id, "warm", cancellationToken);
            }

            var (cpu, before) = (Cpu(daemon), Cell.DiskBytes(state));
            sample = await FileSteps.WriteAsync(cairn, state, runs, steps, bytes, (run, o) => cairn.FollowAsync(run, o, cancellationToken), cancellationToken);
            sample = sample with { CpuSeconds = Cpu(daemon) - cpu, Settings = $"cairn serve, write_file on layers on disk; the warm-up's run of {warm.Steps} steps lies in the same directory; CPU is the daemon's" };
            disk = Cell.DiskBytes(state) - before;
            daemon.Kill();
            await daemon.WaitForExitAsync(cancellationToken);
        }

        var start = Stopwatch.GetTimestamp();
        var (again, client) = await StartAsync(state, cancellationToken);
        using var second = again;
        try
        {
            await using (client)
            {
                await FileSteps.StandsAsync(client, runs, steps, "running", cancellationToken);
                return sample.With(await FileSteps.RestoreAsync(client, steps, start, cancellationToken), disk);
            }
        }
        finally
        {
            again.Kill();
            await again.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<(Process Daemon, RemoteCairn Client)> StartAsync(string state, CancellationToken cancellationToken)
    {
        if (!File.Exists(Cli))
        {
            throw new InvalidOperationException($"there is no {Cli}: `./cairn bench` builds it");
        }

        var daemon = Process.Start(new ProcessStartInfo(Cli, ["serve", "--code", typeof(FileNotes).Assembly.Location])
        {
            Environment = { ["CAIRN_STATE"] = state },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = daemon.StandardError.ReadToEndAsync(cancellationToken);
        _ = daemon.StandardOutput.ReadToEndAsync(cancellationToken);
        for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < Patience && !daemon.HasExited;)
        {
            if (RemoteCairn.TryConnect(state, null) is { } client)
            {
                return (daemon, client);
            }

            await Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken);
        }

        daemon.Kill();
        throw new InvalidOperationException($"the daemon does not answer: {await errors}");
    }

    private static double Cpu(Process process)
    {
        var fields = File.ReadAllText($"/proc/{process.Id}/stat").Split(')')[^1].Split(' ');
        return (double.Parse(fields[12], CultureInfo.InvariantCulture) + double.Parse(fields[13], CultureInfo.InvariantCulture)) / ClockTicks;
    }
}
