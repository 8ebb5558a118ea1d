using System.Collections.Immutable;
using System.Text;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Tools.Files;

namespace Cairn.Host;

/// <summary>
/// Compares the files that an agent has read with what they are now, just before it is asked again: whoever changed them (a
/// command, a run below, a human in the repository), the agent is told what changed as a diff before it can act on what it
/// remembers. A file whose stamp did not change is not read.
/// </summary>
internal sealed class Freshness(RunSession session)
{
    /// <summary>The files that are compared, those that were used last first.</summary>
    private const int MaxFiles = 256;

    private const int MaxFileBytes = 4 * 1024 * 1024;
    private const int MaxKeptBytes = 16 * 1024 * 1024;
    private const int MaxDiffLines = 120;
    private const int MaxNoteBytes = 24 * 1024;
    private const string Source = "files changed";

    private static readonly Known Unreadable = new(default, null, null);

    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private long _kept;

    /// <summary>What changed since the agent read it; null when nothing did, or no model is to be asked now.</summary>
    public async ValueTask<FilesChanged?> CheckAsync(RunState state)
    {
        if (state is not { Phase: RunPhase.Model, Started: false, Stop: StopState.None, FailedAttempts: 0, Context.Files.IsEmpty: false })
        {
            return null;
        }

        return Compare(await session.WorkspaceAsync(state), Newest(state.Context.Files));
    }

    /// <summary>
    /// What files that somebody was seen to change are now: told as a diff when they are no longer what the agent read, and
    /// noted as unchanged when they are so again. What cannot be compared counts as gone until the agent reads it again.
    /// </summary>
    public async ValueTask<RunEvent> RefreshAsync(RunState state, RefreshFiles command)
    {
        var workspace = await session.WorkspaceAsync(state);
        var files = state.Context!.Files;
        return Compare(workspace, command.Paths.Where(files.ContainsKey).Select(p => KeyValuePair.Create(p, files[p])), mustKnow: true) is { } changed
            ? changed
            : new FilesNoticed([.. command.Paths.Select(p => new FileMark(p, files.TryGetValue(p, out var seen) ? seen.Version : default))]);
    }

    /// <summary>Of some files those that are not what the agent knows; null where this cannot be told now.</summary>
    /// <param name="workspace">May be changed meanwhile by a call of the run itself.</param>
    /// <param name="files">The files, as the agent knows them.</param>
    public ImmutableArray<FileMark>? Differing(IWorkspace workspace, IEnumerable<KeyValuePair<string, SeenFile>> files)
    {
        try
        {
            var marks = ImmutableArray.CreateBuilder<FileMark>();
            foreach (var (path, seen) in files)
            {
                if (Now(workspace, path, seen) is { } now && now.Version != seen.Version)
                {
                    marks.Add(new(path, now.Version));
                }
            }

            return marks.ToImmutable();
        }
        catch (Exception e) when (e is ObjectDisposedException or IOException or WorkspaceException or UnauthorizedAccessException)
        {
            // A call of the run is just putting its changes into a layer.
            return null;
        }
    }

    private FilesChanged? Compare(IWorkspace workspace, IEnumerable<KeyValuePair<string, SeenFile>> files, bool mustKnow = false)
    {
        var marks = ImmutableArray.CreateBuilder<FileMark>();
        var note = new StringBuilder();
        foreach (var (path, seen) in files)
        {
            if ((Now(workspace, path, seen) ?? (mustKnow ? Unreadable : null)) is { } now && now.Version != seen.Version && marks.Count < ContextReport.MaxFiles)
            {
                marks.Add(new(path, now.Version));
                Describe(note, path, seen.Version, now);
                if (now != Unreadable)
                {
                    Keep(path, now);
                }
            }
        }

        return marks.Count == 0
            ? null
            : new(marks.ToImmutable(), session.Count(Source, SafeText.ForModel(note.ToString().TrimEnd('\n'), MaxNoteBytes)));
    }

    private static IEnumerable<KeyValuePair<string, SeenFile>> Newest(ImmutableSortedDictionary<string, SeenFile> files) =>
        files.Count <= MaxFiles ? files : files.OrderByDescending(f => f.Value.Step).ThenBy(f => f.Key, StringComparer.Ordinal).Take(MaxFiles);

    /// <summary>The file as it is now; null when it certainly is what the agent knows, or cannot be told.</summary>
    private Known? Now(IWorkspace workspace, string path, SeenFile seen)
    {
        var stamp = workspace.Stamp(path);
        if (stamp is not null && _known.TryGetValue(path, out var known) && known.Stamp == stamp)
        {
            return known;
        }

        try
        {
            var file = workspace.Read(path, MaxFileBytes);
            var now = new Known(file.Version, stamp, file.Content.ToArray());
            if (file.Version == seen.Version)
            {
                Keep(path, now);
            }

            return now;
        }
        catch (WorkspaceException e)
        {
            return e.Problem is FileProblem.NotFound or FileProblem.WrongKind ? new Known(default, stamp, null) : null;
        }
    }

    private void Describe(StringBuilder note, string path, BlobHash before, Known now)
    {
        note.Append(WorkspaceName(path));
        if (now.Version.IsNone)
        {
            note.Append(ReferenceEquals(now, Unreadable) ? " changed and cannot be read as it is now\n" : " is gone\n");
            return;
        }

        note.Append(before.IsNone ? " is there again" : $" changed since you read it, from version {before.Short}").Append($", to version {now.Version.Short}\n");
        var old = before.IsNone ? null : Text(Content(path, before));
        var text = Text(now.Content);
        note.Append(old is null || text is null ? "(read it again: what changed cannot be shown)" : UnifiedDiff.Between(old, text, MaxDiffLines)).Append('\n');
    }

    private static string WorkspaceName(string path) => SafeText.Line(path, 400);

    private byte[]? Content(string path, BlobHash version)
    {
        if (_known.TryGetValue(path, out var known) && known.Version == version && known.Content is not null)
        {
            return known.Content;
        }

        try
        {
            return session.Services.Layers.Content(version);
        }
        catch (Exception e) when (e is WorkspaceException or IOException or InvalidDataException or KeyNotFoundException or InvalidOperationException)
        {
            // Another process read it, and no layer holds it: the agent reads it again.
            return null;
        }
    }

    private static string? Text(byte[]? bytes) =>
        bytes is null || bytes.AsSpan().Contains((byte)0) ? null : Encoding.UTF8.GetString(bytes);

    private void Keep(string path, Known now)
    {
        if (_known.Remove(path, out var before))
        {
            _kept -= before.Content?.Length ?? 0;
        }

        if (_kept + (now.Content?.Length ?? 0) > MaxKeptBytes)
        {
            _known.Clear();
            _kept = 0;
        }

        _known[path] = now;
        _kept += now.Content?.Length ?? 0;
    }

    private sealed record Known(BlobHash Version, long? Stamp, byte[]? Content);
}
