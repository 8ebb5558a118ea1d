using System.Collections.Frozen;
using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// Watches the files that an agent has read while its run is driven: a change by whomever is compared and noted within 100 ms,
/// whatever the run is waiting for. What the watch misses (lost events, limits, writes through memory maps) is found by
/// comparing: now and then where files cannot be watched, and before each prompt always.
/// </summary>
internal sealed class StaleWatch : IDisposable
{
    /// <summary>The files that are watched at most, those that were used last first.</summary>
    private const int MaxFiles = 256;

    /// <summary>More than the newest at each time are watched in the end: as many as the kernel knows.</summary>
    private const int MaxFollowed = 1024;

    /// <summary>Of the files that cannot be watched, so many are looked at now and then.</summary>
    private const int MaxPolled = 64;

    /// <summary>Editors write a file in several steps: so long it may come to rest before it is looked at.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(15);

    /// <summary>Tools that say themselves what they wrote: while one is at it, which takes milliseconds, nothing is looked at.</summary>
    private static readonly FrozenSet<string> Writers = FrozenSet.ToFrozenSet(["edit_file", "write_file"], StringComparer.Ordinal);

    /// <summary>How often files that cannot be watched are looked at.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(60);

    private readonly RunSession _session;
    private readonly IWatchedFiles _files;
    private readonly Dictionary<WatchedPlace, string> _paths = [];
    private readonly HashSet<string> _followed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _polled = new(StringComparer.Ordinal);
    private readonly HashSet<string> _dirty = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _closing = new();
    private ImmutableSortedDictionary<string, SeenFile>? _known;
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _due;
    private long _since;
    private bool _all;
    private bool _look;

    private StaleWatch(RunSession session, IFileWatch watch)
    {
        _session = session;
        _files = watch.Open(() => Volatile.Read(ref _news).TrySetResult());
    }

    /// <summary>Watches for a run that has prompts; null for others, and where nothing can be watched.</summary>
    public static StaleWatch? TryOpen(RunSession session) =>
        session.Services.Watch is { } watch && session.State.Context is not null ? new(session, watch) : null;

    /// <summary>Completes when something is to be looked at. The same task until that was done.</summary>
    public Task Due() => _due ??= DueAsync();

    /// <summary>Watches what the agent has read by now, and looks at it once more soon: it may have changed since it was read.</summary>
    public void Follow(RunState state)
    {
        if (state.Context is not { } context || ReferenceEquals(context.Files, _known) || _session.OpenWorkspace is not { } workspace)
        {
            return;
        }

        _known = context.Files;
        var newest = context.Files.Count <= MaxFiles
            ? context.Files.Keys
            : context.Files.OrderByDescending(f => f.Value.Step).ThenBy(f => f.Key, StringComparer.Ordinal).Take(MaxFiles).Select(f => f.Key);
        foreach (var path in newest)
        {
            if (_followed.Count < MaxFollowed && _followed.Add(path))
            {
                Watch(workspace, path);
                Dirty();
                _dirty.Add(path);
                _due = null;
            }
        }
    }

    /// <summary>The files that were changed behind the agent's back since; null for none, or while it is too early to say.</summary>
    public FilesNoticed? Take(RunState state)
    {
        Collect();
        if (_due is { IsCompleted: true })
        {
            _due = null;
        }

        if (_dirty.Count == 0 && !_all)
        {
            return null;
        }

        if (state is not { Stop: StopState.None, Context: { } context } || state.Phase is RunPhase.Ended or RunPhase.Closing || _session.OpenWorkspace is not { } workspace)
        {
            return null;
        }

        var waited = _session.Services.Time.GetElapsedTime(_since);
        if (waited < Settle || Writes(state))
        {
            return null;
        }

        var asked = context.Files.Where(f => (_all || _dirty.Contains(f.Key)) && context.Stale?.Contains(f.Key) != true);
        if (_session.Freshness.Differing(workspace, asked.Take(MaxFiles)) is not { } marks)
        {
            _since = _session.Services.Time.GetTimestamp();
            return null;
        }

        _dirty.Clear();
        _all = false;
        return marks.IsEmpty ? null : new([.. marks.Take(ContextReport.MaxFiles)]);
    }

    public void Dispose()
    {
        _closing.Cancel();
        _files.Dispose();
        _closing.Dispose();
    }

    private static bool Writes(RunState state) =>
        state.Turn is { } turn && turn.Calls.Any(c => c.Progress == CallProgress.Running && Writers.Contains(c.Tool));

    private void Watch(IWorkspace workspace, string path)
    {
        var places = workspace.Places(path);
        var watched = places.Length > 0;
        foreach (var place in places)
        {
            _paths[place] = path;
            watched &= _files.Add(place);
        }

        if (!watched && _polled.Count < MaxPolled)
        {
            _polled.Add(path);
        }
    }

    private void Collect()
    {
        if (Volatile.Read(ref _look))
        {
            Volatile.Write(ref _look, false);
            _dirty.UnionWith(_polled);
            _since = _session.Services.Time.GetTimestamp() - (long)(Settle.TotalSeconds * _session.Services.Time.TimestampFrequency) - 1;
        }

        if (!_news.Task.IsCompleted)
        {
            return;
        }

        // Another signal first: what comes in between is either in this news or signals again.
        Interlocked.Exchange(ref _news, new(TaskCreationOptions.RunContinuationsAsynchronously));
        var news = _files.Take();
        Dirty();
        _all |= news.All;
        foreach (var place in news.Places)
        {
            if (_paths.TryGetValue(place, out var path))
            {
                _dirty.Add(path);
            }
        }
    }

    private void Dirty()
    {
        if (_dirty.Count == 0 && !_all)
        {
            _since = _session.Services.Time.GetTimestamp();
        }
    }

    private async Task DueAsync()
    {
        var time = _session.Services.Time;
        try
        {
            if (_dirty.Count == 0 && !_all)
            {
                await News(time);
            }
            else
            {
                var waited = time.GetElapsedTime(_since);
                await Task.Delay(waited < Settle ? Settle - waited : Settle, time, _closing.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody waits any more.
        }
    }

    private async Task News(TimeProvider time)
    {
        if (_polled.Count == 0)
        {
            await _news.Task.WaitAsync(_closing.Token);
            return;
        }

        await Task.WhenAny(_news.Task, Task.Delay(Poll, time, _closing.Token));
        Volatile.Write(ref _look, true);
    }
}
