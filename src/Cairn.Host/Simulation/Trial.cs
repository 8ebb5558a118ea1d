using Cairn.Abstractions;
using Cairn.Storage;

namespace Cairn.Host.Simulation;

/// <summary>What one trial brought.</summary>
/// <param name="Findings">What is wrong; empty when all is well.</param>
/// <param name="Simulated">Time that passed on the simulated machine.</param>
/// <param name="DiskOperations">Disk operations of the first life.</param>
/// <param name="Steps">Continuations of the first life.</param>
/// <param name="Effects">Effects of the first life.</param>
/// <param name="Lives">How often the process was started.</param>
internal sealed record TrialResult(
    IReadOnlyList<string> Findings, TimeSpan Simulated, long DiskOperations, long Steps, long Effects, int Lives);

/// <summary>One job on one simulated machine, from the first start to the end, with a crash or fault on the way.</summary>
/// <param name="scenario">The job.</param>
/// <param name="seed">Decides everything that chance decides.</param>
/// <param name="plant">A bug to plant.</param>
/// <param name="points">What goes wrong in the first life, the second, …; when only the first is given, chance may add one.</param>
/// <param name="reference">The job without a crash; null when this is it.</param>
internal sealed class Trial(Scenario scenario, ulong seed, Plant plant, IReadOnlyList<CrashPoint> points, Reference? reference)
{
    private const int MaxLives = 6;

    private readonly SimulatedMachine _machine = new(seed, plant);
    private readonly Acknowledged _acknowledged = new();
    private readonly List<string> _findings = [];
    private readonly Random _chance = new(HashCode(seed, points));
    private (long Disk, long Steps, long Effects) _first;
    private bool _finished;

    /// <summary>The job without a crash.</summary>
    public Reference? Finished { get; private set; }

    public TrialResult Run()
    {
        _machine.Files.Replace("readme.txt", new(EntryKind.File, "hello\n"u8.ToArray(), 0b110_100_100));
        _machine.Files.Sync();
        var lives = 0;
        while (!_finished && _findings.Count == 0 && lives < MaxLives)
        {
            Live(lives, lives < points.Count ? points[lives] : lives == 1 ? Second() : null);
            lives++;
        }

        if (!_finished && _findings.Count == 0)
        {
            _findings.Add($"the job is not done after {MaxLives} lives");
        }

        if (_findings.Count == 0)
        {
            Close();
        }

        return new(_findings, _machine.Before + _machine.Time.Elapsed, _first.Disk, _first.Steps, _first.Effects, lives);
    }

    // string.GetHashCode is salted per process, so the mix is spelled out.
    private static int HashCode(ulong seed, IReadOnlyList<CrashPoint> points) => unchecked((int)points.Aggregate(
        seed * 6364136223846793005, (mix, point) => (mix * 31) + ((ulong)point.Kind * 1442695040888963407) + (ulong)(point.Number * 2654435761)));

    /// <summary>One recovery in three is cut off as well.</summary>
    private CrashPoint? Second() => points.Count != 1 || _chance.Next(3) > 0
        ? null
        : new((CrashKind)_chance.Next(3), _chance.Next(60));

    private void Live(int life, CrashPoint? at)
    {
        _machine.Arm(at);
        var before = _machine.Disk.Operations;
        var scheduler = new SimulatedScheduler(unchecked((int)seed + (life * 7919)), _machine.Time) { StopAt = at is { Kind: CrashKind.Step } step ? step.Number : -1 };
        SimulatedProcess? process = null;
        string? failure = null;
        try
        {
            scheduler.Run(
                async () =>
                {
                    process = new SimulatedProcess(_machine, scenario, _acknowledged);
                    _findings.AddRange(Invariants.Broken(process, _acknowledged, life == 1 && plant != Plant.UnkeyedRetried && points[0].Kind <= CrashKind.Effect ? reference : null).Take(5));
                    await scenario.Drive(process);
                    process.Dispose();
                },
                () => _machine.Disk.Crashed || _findings.Count > 0);
            _finished = !scheduler.Stopped && !_machine.Disk.Crashed && _findings.Count == 0;
        }
        catch (SimulatedCrashException) when (_machine.Disk.Crashed)
        {
        }
        catch (Exception e) when (at is { Kind: CrashKind.Eio or CrashKind.Enospc } && IsClear(e))
        {
            failure = e.Message;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _findings.Add($"life {life + 1} failed with {e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("Cairn.", StringComparison.Ordinal))?.Trim()}");
        }

        if (life == 0)
        {
            _first = (_machine.Disk.Operations - before, scheduler.Steps, _machine.Effects);
        }

        if (!_finished && _findings.Count == 0)
        {
            StartAgain(process, failure is not null);
        }
    }

    /// <summary>After a fault the disk is well again; half of the time the power has failed as well.</summary>
    private void StartAgain(SimulatedProcess? process, bool fault)
    {
        if (!fault || _chance.Next(2) == 0)
        {
            _machine.Restart();
            return;
        }

        try
        {
            process?.Dispose();
        }
        catch (IOException)
        {
        }

        _machine.Disk.Mend();
        _machine.StartProcessAgain();
    }

    /// <summary>The power fails once more after the end: what is there then is what the job brought.</summary>
    private void Close()
    {
        try
        {
            _machine.Arm(null);
            _machine.Restart();
            using var process = new SimulatedProcess(_machine, scenario, _acknowledged);
            _findings.AddRange(Invariants.Broken(process, _acknowledged, null).Take(5));
            if (scenario.Judge is { } judge)
            {
                _findings.AddRange(judge(process).Take(5));
            }
            else if (reference is not null && Outcome.Difference(reference.Outcome, Outcome.Of(process)) is { } difference)
            {
                _findings.Add(difference);
            }

            Finished = reference is null && _findings.Count == 0 ? new(process) : null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _findings.Add($"the end cannot be read: {e.GetType().Name}: {e.Message}");
        }
    }

    private static bool IsClear(Exception e) =>
        e is IOException { Message.Length: > 0 } or WorkspaceException { Problem: FileProblem.Io };
}
