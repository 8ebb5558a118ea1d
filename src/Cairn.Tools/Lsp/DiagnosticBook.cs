using System.Collections.Immutable;

namespace Cairn.Tools.Lsp;

/// <summary>What a server found last in each file. Safe for use by the reader of its messages and by those who wait.</summary>
internal sealed class DiagnosticBook(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Page> _pages = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = New();
    private long _sequence;

    /// <summary>Counts what was published, to wait for what comes later.</summary>
    public long Sequence
    {
        get
        {
            lock (_gate)
            {
                return _sequence;
            }
        }
    }

    /// <summary>The server publishes what it finds in a file.</summary>
    public void Put(string path, int? version, ImmutableArray<LspDiagnostic> found)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (_pages.Count >= LspLimits.DiagnosedFiles && !_pages.ContainsKey(path))
            {
                _pages.Remove(_pages.MinBy(p => p.Value.Sequence).Key);
            }

            _pages[path] = new(version, ++_sequence, time.GetTimestamp(), found);
            (changed, _changed) = (_changed, New());
        }

        changed.TrySetResult();
    }

    /// <summary>What is known of a file, whatever version that is about; null when nothing was published.</summary>
    public ImmutableArray<LspDiagnostic>? Last(string path)
    {
        lock (_gate)
        {
            return _pages.GetValueOrDefault(path)?.Found;
        }
    }

    /// <summary>Forgets a file.</summary>
    public void Remove(string path)
    {
        lock (_gate)
        {
            _pages.Remove(path);
        }
    }

    /// <summary>Waits for what the server finds in a version of a document.</summary>
    /// <param name="path">The file.</param>
    /// <param name="version">The document's version that it was sent.</param>
    /// <param name="after">What <see cref="Sequence"/> was before that was sent: for servers that name no versions.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<ImmutableArray<LspDiagnostic>> WaitAsync(string path, int version, long after, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            Page? page;
            lock (_gate)
            {
                page = _pages.GetValueOrDefault(path);
                changed = _changed.Task;
            }

            if (page is { Version: { } named } && named >= version)
            {
                return page.Found;
            }

            if (page is not { Version: null } || page.Sequence <= after)
            {
                await changed.WaitAsync(cancellationToken);
                continue;
            }

            var left = LspLimits.Quiet - time.GetElapsedTime(page.Timestamp);
            if (left <= TimeSpan.Zero)
            {
                return page.Found;
            }

            await Task.Delay(left, time, cancellationToken);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed record Page(int? Version, long Sequence, long Timestamp, ImmutableArray<LspDiagnostic> Found);
}
