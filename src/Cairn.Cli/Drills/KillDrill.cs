using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Cairn.Cli.Drills;

/// <summary>
/// Starts real Cairn processes on a real disk with real sandboxes, kills them with SIGKILL at random moments until so many
/// were killed and every job is done, and compares each job with one that was left alone.
/// </summary>
/// <param name="program">The command that starts Cairn.</param>
/// <param name="scratch">A directory for the jobs.</param>
/// <param name="seed">Decides about the moments.</param>
/// <param name="progress">Told of each job's end.</param>
internal sealed class KillDrill(IReadOnlyList<string> program, string scratch, int seed, Action<string>? progress)
{
    /// <summary>The most processes of one job; more means that it makes no progress.</summary>
    private const int MaxLives = 400;

    private const int MaxOutputChars = 4096;

    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(5);

    private readonly Random _random = new(seed);
    private readonly string _mark = string.Create(CultureInfo.InvariantCulture, $"drill-{Environment.ProcessId}-{seed}");
    private readonly List<string> _problems = [];
    private int _kills;
    private int _resumes;
    private int _jobs;

    public async Task<DrillReport> RunAsync(int kills, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var alone = await DrillJob.MakeAsync(Path.Combine(scratch, "alone"), _mark, cancellationToken);
        var start = clock.Elapsed;
        await LiveAsync(alone, null, cancellationToken);
        var span = clock.Elapsed - start;
        var wanted = await alone.FactsAsync(cancellationToken);
        progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"without a kill: {span.TotalSeconds:0.0} s, {string.Join("; ", wanted)}"));
        while (_kills < kills && _problems.Count == 0)
        {
            await JobAsync(kills, span, wanted, cancellationToken);
        }

        await FarewellAsync(cancellationToken);
        return new(seed, _kills, _resumes, _jobs, clock.Elapsed.TotalSeconds, [.. _problems]);
    }

    /// <summary>The command that starts Cairn again: this program, or the one beside it when this is a test.</summary>
    public static IReadOnlyList<string> Program()
    {
        var beside = Path.Combine(AppContext.BaseDirectory, "cairn");
        return File.Exists(beside) ? [beside] : ["dotnet", beside + ".dll"];
    }

    private async Task JobAsync(int kills, TimeSpan span, IReadOnlyList<string> wanted, CancellationToken cancellationToken)
    {
        var job = await DrillJob.MakeAsync(Path.Combine(scratch, string.Create(CultureInfo.InvariantCulture, $"job{_jobs + 1}")), _mark, cancellationToken);
        for (var life = 0; ; life++)
        {
            if (life == MaxLives)
            {
                _problems.Add($"job {_jobs + 1} is not done after {MaxLives} processes");
                return;
            }

            // A kill may come at any moment that the job has when it is left alone: while it starts, works, merges or ends.
            var killAfter = _kills < kills ? span * _random.NextDouble() : (TimeSpan?)null;
            if (await LiveAsync(job, killAfter, cancellationToken))
            {
                break;
            }
        }

        _jobs++;
        var found = await job.FactsAsync(cancellationToken);
        _problems.AddRange(wanted.Zip(found).Where(p => p.First != p.Second).Select(p => $"job {_jobs}: left alone {p.First}; with kills {p.Second}"));
        if (found.Count != wanted.Count)
        {
            _problems.Add($"job {_jobs}: left alone {string.Join("; ", wanted)}; with kills {string.Join("; ", found)}");
        }

        if (await job.DifferenceAsync(cancellationToken) is { } difference)
        {
            _problems.Add($"job {_jobs}: replay: {difference}");
        }

        progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"job {_jobs} done, {_kills} of {kills} kills, {_resumes} resumes, {_problems.Count} problems"));
    }

    /// <summary>One process, killed or not; true when the job is over.</summary>
    private async Task<bool> LiveAsync(DrillJob job, TimeSpan? killAfter, CancellationToken cancellationToken)
    {
        var (arguments, resumes) = await job.NextAsync(cancellationToken);
        using var process = Start(arguments, out var output);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(killAfter ?? LongestLife);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                if (killAfter is null)
                {
                    _problems.Add($"a process was not done after {LongestLife}: {string.Join(' ', arguments)}");
                }
            }
        }
        finally
        {
            process.Kill();
        }

        await process.WaitForExitAsync(cancellationToken);
        const int killed = 128 + 9;
        _kills += process.ExitCode == killed ? 1 : 0;
        _resumes += resumes ? 1 : 0;
        if (process.ExitCode is not (killed or ExitCode.Ok))
        {
            string said;
            lock (output)
            {
                said = output.ToString();
            }

            _problems.Add($"cairn {arguments[0]} ended with {process.ExitCode}: {said.Trim()}");
        }

        return process.ExitCode == ExitCode.Ok || _problems.Count > 0;
    }

    private Process Start(string[] arguments, out StringBuilder output)
    {
        var start = new ProcessStartInfo(program[0]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in program.Skip(1).Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        var said = output = new StringBuilder();
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            lock (said)
            {
                if (line.Data is { } text && said.Length < MaxOutputChars)
                {
                    said.AppendLine(text);
                }
            }
        };
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>No process of the drill may be left, neither a Cairn nor a command of it.</summary>
    private async Task FarewellAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (Left() is { Count: > 0 } left)
        {
            if (clock.Elapsed > LongestFarewell)
            {
                _problems.AddRange(left.Select(l => $"still running: {l}"));
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    private List<string> Left()
    {
        var left = new List<string>();
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])))
        {
            try
            {
                var command = File.ReadAllText(Path.Combine(directory, "cmdline")).Replace('\0', ' ');
                if (Path.GetFileName(directory) != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
                    && (command.Contains(_mark, StringComparison.Ordinal) || command.Contains(scratch, StringComparison.Ordinal)))
                {
                    left.Add($"{Path.GetFileName(directory)} {command}");
                }
            }
            catch (IOException)
            {
            }
            catch (UnauthorizedAccessException)
            {
            }
        }

        return left;
    }
}
