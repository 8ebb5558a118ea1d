namespace Cairn.Host.Simulation;

/// <summary>A clock that stands still until the scheduler has nothing left to do, and then jumps to the next timer.</summary>
internal sealed class SimulatedTime(DateTimeOffset start) : TimeProvider
{
    private readonly PriorityQueue<Timer, (long Due, long Number)> _timers = new();
    private long _number;

    /// <summary>Time since the clock was made.</summary>
    public TimeSpan Elapsed { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() => Elapsed.Ticks;

    /// <summary>How far somebody has set the clock: forward, or back when negative. Timers and time stamps do not see it.</summary>
    public TimeSpan Set { get; set; }

    public override DateTimeOffset GetUtcNow() => start + Elapsed + Set;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Jumps to the next timer and fires it; false when there is none.</summary>
    public bool FireNext()
    {
        while (_timers.TryDequeue(out var timer, out var place))
        {
            if (timer.Due != place.Due)
            {
                continue;
            }

            Elapsed = TimeSpan.FromTicks(Math.Max(Elapsed.Ticks, place.Due));
            timer.Fire();
            return true;
        }

        return false;
    }

    private void Add(Timer timer) => _timers.Enqueue(timer, (timer.Due, _number++));

    private sealed class Timer(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        private const long Never = -1;

        private TimeSpan _period;

        public long Due { get; private set; } = Never;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Due = dueTime < TimeSpan.Zero ? Never : time.Elapsed.Ticks + dueTime.Ticks;
            if (Due != Never)
            {
                time.Add(this);
            }

            return true;
        }

        public void Fire()
        {
            Change(_period > TimeSpan.Zero ? _period : Timeout.InfiniteTimeSpan, _period);
            callback(state);
        }

        public void Dispose() => Due = Never;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
