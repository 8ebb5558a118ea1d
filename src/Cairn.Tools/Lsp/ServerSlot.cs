namespace Cairn.Tools.Lsp;

/// <summary>The servers of one kind over one repository, and how often they died.</summary>
internal sealed class ServerSlot : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<LspSession> _sessions = [];
    private readonly Queue<long> _crashes = new();
    private readonly CancellationTokenSource _closing = new();
    private Task<LspSession>? _starting;
    private string _lastFailure = "";
    private bool _closed;

    public IReadOnlyList<LspSession> Sessions
    {
        get
        {
            lock (_gate)
            {
                return [.. _sessions];
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>The servers that run, and the one that is being started; null when none is.</summary>
    public (IReadOnlyList<LspSession> Running, Task<LspSession>? Starting) Look()
    {
        lock (_gate)
        {
            return ([.. _sessions], _starting);
        }
    }

    /// <summary>The one that was not used for the longest time.</summary>
    public LspSession? Oldest()
    {
        lock (_gate)
        {
            return _sessions.MinBy(s => s.LastUse);
        }
    }

    /// <summary>
    /// Starts a server, unless one is being started already. Who asked for it may stop waiting: the start goes on, so that the next one
    /// finds it.
    /// </summary>
    /// <exception cref="LspFailure">When it died too often of late.</exception>
    public Task<LspSession> Start(Func<CancellationToken, Task<LspSession>> start, TimeSpan most, TimeProvider time)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_starting is not null)
            {
                return _starting;
            }

            while (_crashes.TryPeek(out var first) && time.GetElapsedTime(first) > LspLimits.CrashWindow)
            {
                _crashes.Dequeue();
            }

            if (_crashes.Count >= LspLimits.Crashes)
            {
                throw new LspFailure($"it ended {_crashes.Count} times within {LspLimits.CrashWindow.TotalMinutes} minutes and is not started for now; the last time: {_lastFailure}");
            }

            return _starting = StartAsync(start, most, time);
        }
    }

    /// <summary>It died.</summary>
    public void Crashed(TimeProvider time, string why)
    {
        lock (_gate)
        {
            _crashes.Enqueue(time.GetTimestamp());
            _lastFailure = why;
        }
    }

    /// <summary>Ends a server with all that it started.</summary>
    public async Task EndAsync(LspSession session)
    {
        lock (_gate)
        {
            _sessions.Remove(session);
        }

        await session.DisposeAsync();
    }

    /// <summary>Ends those that are meant.</summary>
    public async Task EndAsync(Func<LspSession, bool> which)
    {
        foreach (var session in Sessions.Where(which))
        {
            await EndAsync(session);
        }
    }

    /// <summary>Ends all, also the one that is just being started.</summary>
    public async ValueTask DisposeAsync()
    {
        Task<LspSession>? starting;
        lock (_gate)
        {
            _closed = true;
            starting = _starting;
        }

        await _closing.CancelAsync();
        if (starting is not null)
        {
            await starting.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        await EndAsync(_ => true);
        _closing.Dispose();
    }

    private async Task<LspSession> StartAsync(Func<CancellationToken, Task<LspSession>> start, TimeSpan most, TimeProvider time)
    {
        await Task.Yield();
        using var late = new CancellationTokenSource(most, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _closing.Token);
        try
        {
            var session = await start(both.Token);
            session.LastUse = time.GetTimestamp();
            lock (_gate)
            {
                _sessions.Add(session);
                _starting = null;
            }

            return session;
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                _starting = null;
            }

            var failure = e as LspFailure ?? new LspFailure(e is OperationCanceledException ? "it did not answer when it was started" : e.Message, e);
            Crashed(time, failure.Message);
            throw failure;
        }
    }
}
