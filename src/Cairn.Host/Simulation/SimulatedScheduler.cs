namespace Cairn.Host.Simulation;

/// <summary>
/// Runs asynchronous code on the calling thread, one continuation at a time, in an order that the seed alone decides.
/// When nothing can go on, time jumps to the next timer. Every continuation is a place where the machine may die.
/// </summary>
internal sealed class SimulatedScheduler(int seed, SimulatedTime time) : SynchronizationContext
{
    /// <summary>The most continuations of one life; more means that the host turns in a circle.</summary>
    private const int MaxSteps = 2_000_000;

    private readonly Random _random = new(seed);
    private readonly List<(SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly Thread _thread = Thread.CurrentThread;

    /// <summary>Continuations that were run.</summary>
    public long Steps { get; private set; }

    /// <summary>Lets the machine die before the continuation of that number.</summary>
    public long StopAt { get; init; } = -1;

    /// <summary>The machine died at <see cref="StopAt"/>.</summary>
    public bool Stopped { get; private set; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Thread.CurrentThread != _thread)
        {
            throw new InvalidOperationException("A continuation came from a thread of the pool: the simulation would not be the same twice.");
        }

        _ready.Add((d, state));
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    /// <summary>Runs until the task ends or the machine is dead. Afterwards nothing of it ever runs again.</summary>
    /// <param name="main">The work.</param>
    /// <param name="dead">True once the machine has died.</param>
    /// <exception cref="SimulationStalledException">When nothing can go on although the work is not done.</exception>
    public void Run(Func<Task> main, Func<bool> dead)
    {
        var outer = Current;
        try
        {
            var task = InTurn(main);
            while (!task.IsCompleted && !dead())
            {
                if (Steps == StopAt)
                {
                    Stopped = true;
                    return;
                }

                Step(task);
            }

            if (!dead())
            {
                task.GetAwaiter().GetResult();
            }
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    private void Step(Task task)
    {
        if (_ready.Count == 0)
        {
            if (!InTurn(time.FireNext) && _ready.Count == 0 && !task.IsCompleted)
            {
                throw new SimulationStalledException("Nothing is ready and no timer is set, but the work is not done: something waits for ever.");
            }

            return;
        }

        if (++Steps > MaxSteps)
        {
            throw new SimulationStalledException($"The work is not done after {MaxSteps} steps: the host turns in a circle.");
        }

        var at = _random.Next(_ready.Count);
        var (callback, state) = _ready[at];
        _ready[at] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        InTurn(() =>
        {
            callback(state);
            return true;
        });
    }

    /// <summary>
    /// Gives each turn a context of its own: a continuation that became ready would else run at once, within the turn that
    /// made it ready, and no crash could come between the two.
    /// </summary>
    private T InTurn<T>(Func<T> turn)
    {
        SetSynchronizationContext(new Turn(this));
        return turn();
    }

    private sealed class Turn(SimulatedScheduler scheduler) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => scheduler.Post(d, state);

        public override void Send(SendOrPostCallback d, object? state) => d(state);
    }
}

/// <summary>The simulated program hangs.</summary>
internal sealed class SimulationStalledException(string message) : Exception(message);
