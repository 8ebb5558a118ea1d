using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Lsp;

/// <summary>
/// The language servers of a host: one for a language and a state of the files, shared by the runs that stand on it. They are started when
/// first asked, started anew when they die (a bounded number of times) or when the files moved on in a way that cannot be told, stopped when nobody asks
/// any more, and end with the pool at the latest.
/// </summary>
public sealed class LanguageServerPool : IAsyncDisposable, IDisposable
{
    private const int MaxRounds = 8;
    private const int MaxUsers = 64;

    private readonly TimeProvider _time;
    private readonly ITimer _sweep;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServerSlot> _slots = new(StringComparer.Ordinal);
    private bool _closed;

    /// <param name="time">The clock.</param>
    public LanguageServerPool(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _sweep = time.CreateTimer(_ => Sweep(), null, LspLimits.IdleCheck, LspLimits.IdleCheck);
    }

    /// <summary>The servers that run.</summary>
    public int Running
    {
        get
        {
            lock (_gate)
            {
                return _slots.Values.Sum(s => s.Sessions.Count(x => !x.HasEnded));
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        List<ServerSlot> slots;
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            slots = [.. _slots.Values];
        }

        await _sweep.DisposeAsync();
        foreach (var slot in slots)
        {
            await slot.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Does something with a server that sees the files as a run sees them. A server that dies meanwhile is started anew and asked again.</summary>
    /// <param name="server">The server.</param>
    /// <param name="workspace">The run's files.</param>
    /// <param name="use">What to do. It must not change anything itself: it may be done twice.</param>
    /// <param name="cancellationToken">Stops waiting; the server goes on.</param>
    /// <exception cref="LspFailure">When the server does not start, died too often, or hangs.</exception>
    /// <exception cref="LspRefusal">When it answers with an error.</exception>
    internal async Task<T> UseAsync<T>(
        LanguageServer server, IWorkspace workspace, Func<LspSession, CancellationToken, Task<T>> use, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<string> reopen = [];
        for (var attempt = 1; ; attempt++)
        {
            var slot = Slot(server, workspace);
            var session = await TakeAsync(slot, server, workspace, cancellationToken);
            LspFailure failure;
            using (var late = new CancellationTokenSource(TimeSpan.FromSeconds(server.TimeoutSeconds), _time))
            using (var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken))
            {
                try
                {
                    foreach (var path in reopen)
                    {
                        session.Documents.Show(workspace, path);
                    }

                    return await use(session, both.Token);
                }
                catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    await slot.EndAsync(session);
                    throw new LspFailure($"it did not answer within {server.TimeoutSeconds} s and was ended; the next call starts it anew");
                }
                catch (LspFailure e)
                {
                    reopen = session.Documents.Paths;
                    await slot.EndAsync(session);
                    failure = session.Explained(e);
                    slot.Crashed(_time, failure.Message);
                }
                finally
                {
                    session.LastUse = _time.GetTimestamp();
                    session.Gate.Release();
                }
            }

            if (attempt >= LspLimits.Attempts)
            {
                throw failure;
            }
        }
    }

    /// <summary>A server of the kind runs.</summary>
    internal bool IsRunning(LanguageServer server, IWorkspace workspace) => Slot(server, workspace).Sessions.Any(s => !s.HasEnded);

    /// <summary>A run leaves: servers that were started in its workspaces end with them, so they are ended in order.</summary>
    internal async Task LeaveAsync(IReadOnlyCollection<IWorkspace> workspaces)
    {
        List<ServerSlot> slots;
        lock (_gate)
        {
            slots = [.. _slots.Values];
        }

        foreach (var slot in slots)
        {
            await slot.EndAsync(s => workspaces.Any(w => w.Equals(s.Owner)));
        }
    }

    private ServerSlot Slot(LanguageServer server, IWorkspace workspace)
    {
        var key = $"{workspace.Root}\n{JsonSerializer.Serialize(server, CairnJson.Default.LanguageServer)}";
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (!_slots.TryGetValue(key, out var slot))
            {
                slot = new ServerSlot();
                _slots.Add(key, slot);
            }

            return slot;
        }
    }

    /// <summary>A server that sees what the run sees; its gate is held.</summary>
    private async Task<LspSession> TakeAsync(ServerSlot slot, LanguageServer server, IWorkspace workspace, CancellationToken cancellationToken)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            var (running, starting) = slot.Look();
            foreach (var session in running)
            {
                if (await TryEnterAsync(slot, session, workspace, cancellationToken))
                {
                    return session;
                }
            }

            if (starting is null)
            {
                await MakeRoomAsync(slot);
                starting = slot.Start(stop => LspSession.StartAsync(server, workspace, _time, stop), TimeSpan.FromSeconds(server.TimeoutSeconds), _time);
            }

            await starting.WaitAsync(cancellationToken);
        }

        throw new LspFailure("the files change faster than it can be started");
    }

    private static async Task<bool> TryEnterAsync(ServerSlot slot, LspSession session, IWorkspace workspace, CancellationToken cancellationToken)
    {
        await session.Gate.WaitAsync(cancellationToken);
        try
        {
            if (!session.HasEnded && SessionView.TryFollow(session, workspace))
            {
                if (session.Users.Count < MaxUsers && !session.Users.Contains(workspace))
                {
                    session.Users.Add(workspace);
                }

                return true;
            }
        }
        catch (LspFailure)
        {
            // It died just now, while it was told.
            await slot.EndAsync(session);
        }
        catch
        {
            session.Gate.Release();
            throw;
        }

        // Nobody else needs it, and its files are of the past.
        if (session.HasEnded || session.Users.All(u => u.Equals(workspace)))
        {
            await slot.EndAsync(session);
        }

        session.Gate.Release();
        return false;
    }

    /// <summary>Ends the servers that were not used for the longest time, until one more may run.</summary>
    private async Task MakeRoomAsync(ServerSlot slot)
    {
        while (slot.Oldest() is { } own && slot.Count >= LspLimits.ServersOfOneKind)
        {
            await slot.EndAsync(own);
        }

        while (Running >= LspLimits.Servers && Oldest() is var (owner, session))
        {
            await owner.EndAsync(session);
        }
    }

    private (ServerSlot Slot, LspSession Session)? Oldest()
    {
        lock (_gate)
        {
            return _slots.Values.Select(s => (Slot: s, Session: s.Oldest())).Where(p => p.Session is not null).OrderBy(p => p.Session!.LastUse)
                .Select(p => ((ServerSlot, LspSession)?)(p.Slot, p.Session!)).FirstOrDefault();
        }
    }

    private void Sweep()
    {
        List<ServerSlot> slots;
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            slots = [.. _slots.Values];
        }

        foreach (var slot in slots)
        {
            _ = slot.EndAsync(s => s.HasEnded || (s.Gate.CurrentCount > 0 && _time.GetElapsedTime(s.LastUse) > TimeSpan.FromSeconds(s.Server.IdleSeconds)));
        }
    }
}
