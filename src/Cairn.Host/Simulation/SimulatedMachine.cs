using Cairn.Abstractions;
using Cairn.Storage;

namespace Cairn.Host.Simulation;

/// <summary>
/// What outlives a process: the disk, the layers and repository, the world outside. Something that takes effect beyond
/// the journal goes through <see cref="Effect"/>, which numbers it and is where the power may fail just before or after.
/// </summary>
internal sealed class SimulatedMachine(ulong seed, Plant plant)
{
    /// <summary>Fewer than the attempts that a run has: whether a job succeeds must not depend on chance.</summary>
    private const int MaxRefusals = 4;

    private readonly Dictionary<(string Model, int Turn), int> _refusals = [];
    private long _crashAtEffect = -1;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Plant Plant { get; } = plant;

    /// <summary>Decides everything that chance decides outside of disk and scheduler.</summary>
    public Random Random { get; } = new(unchecked((int)(seed * 2654435761)));

    public SimulatedDisk Disk { get; private set; } = new(seed);

    public SimulatedFiles Files { get; } = new();

    public SimulatedServer Server { get; } = new();

    /// <summary>The clock of this life: a timer of a dead process must not fire in the next one.</summary>
    public SimulatedTime Time { get; private set; } = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>Time that earlier lives took.</summary>
    public TimeSpan Before { get; private set; }

    /// <summary>Effects that took place in this life.</summary>
    public long Effects { get; private set; }

    /// <summary>Whether a busy provider may turn a request for this answer away once more, in whichever life.</summary>
    public bool Refuses(string model, int turn)
    {
        var before = _refusals.GetValueOrDefault((model, turn));
        _refusals[(model, turn)] = before + 1;
        return before < MaxRefusals;
    }

    /// <summary>Decides about this life's end.</summary>
    public void Arm(CrashPoint? point)
    {
        Effects = 0;
        _crashAtEffect = point is { Kind: CrashKind.Effect } effect ? effect.Number : -1;
        switch (point)
        {
            case { Kind: CrashKind.Disk } at:
                Disk.CrashAt(Disk.Operations + at.Number);
                break;
            case { Kind: CrashKind.Eio } at:
                Disk.FailAt(Disk.Operations + at.Number, DiskFault.InputOutput);
                break;
            case { Kind: CrashKind.Enospc } at:
                Disk.FailAt(Disk.Operations + at.Number, DiskFault.NoSpace, long.MaxValue);
                break;
            default:
                break;
        }
    }

    /// <summary>Lets something take effect, or the power fail around it.</summary>
    public void Effect(Action effect)
    {
        ThrowIfDead();
        var number = Effects++;
        if (_crashAtEffect == 2 * number)
        {
            Disk.Crash();
            ThrowIfDead();
        }

        effect();
        Nudge();
        if (_crashAtEffect == (2 * number) + 1)
        {
            Disk.Crash();
            ThrowIfDead();
        }
    }

    /// <summary>Ends when the next effect took place, before what follows from it.</summary>
    public Task NextEffect() => _next.Task;

    /// <summary>Wakes those who wait for the next effect: there may be none.</summary>
    public void Nudge()
    {
        var next = _next;
        _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        next.SetResult();
    }

    /// <summary>Nothing happens on a dead machine.</summary>
    public void ThrowIfDead()
    {
        if (Disk.Crashed)
        {
            throw new SimulatedCrashException("The simulated machine is off.");
        }
    }

    /// <summary>The machine starts again after the power failed.</summary>
    public void Restart()
    {
        Disk = Disk.Restart();
        Files.Crash(Random);
        StartProcessAgain();
    }

    /// <summary>The process is gone, the machine stays on.</summary>
    public void StartProcessAgain()
    {
        Files.Born.Clear();
        _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Before += Time.Elapsed;
        Time = new(Time.GetUtcNow() + TimeSpan.FromMinutes(1));
    }
}
