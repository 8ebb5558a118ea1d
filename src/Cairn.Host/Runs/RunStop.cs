namespace Cairn.Host;

/// <summary>What a stopped run's journal says.</summary>
public enum StopKind
{
    /// <summary>Paused: it waits until somebody resumes it.</summary>
    Pause,

    /// <summary>Cancelled: it ends.</summary>
    Cancel,

    /// <summary>Nothing: its process goes away, and the next one takes it up again.</summary>
    Abandon,
}

/// <summary>Stops a run that is being driven. The first request counts.</summary>
public sealed class RunStop : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _source = new();
    private CancellationTokenRegistration _outer;
    private bool _disposed;

    /// <summary>Cancelled when the run is to stop.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>How; null while nobody asked.</summary>
    public StopKind? Kind { get; private set; }

    /// <summary>Why, for people.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>A stop that pauses the run when a token is cancelled.</summary>
    public static RunStop PauseOn(string reason, CancellationToken cancellationToken)
    {
        var stop = new RunStop();
        stop._outer = cancellationToken.Register(() => stop.Request(StopKind.Pause, reason));
        return stop;
    }

    /// <summary>Asks the run to stop.</summary>
    /// <returns>False when it was asked before, or is no longer driven.</returns>
    public bool Request(StopKind kind, string reason)
    {
        lock (_gate)
        {
            if (Kind is not null || _disposed)
            {
                return false;
            }

            (Kind, Reason) = (kind, reason);
        }

        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run ended by itself in this moment.
            return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _outer.Dispose();
        _source.Dispose();
    }
}
