using Cairn.Abstractions;

namespace Cairn.Memory.Indexing;

/// <summary>How far an indexing is.</summary>
/// <param name="Done">Files that were read.</param>
/// <param name="Total">Files that there are.</param>
/// <param name="Path">The file that was read last.</param>
public sealed record IndexProgress(int Done, int Total, string Path);

/// <summary>What an indexing did.</summary>
/// <param name="Model">The model as it is now.</param>
/// <param name="Files">Files in it.</param>
/// <param name="Read">Files whose content was looked into, because it was not known.</param>
/// <param name="Removed">Files that are gone.</param>
/// <param name="Skipped">Files that are too large, and those beyond the limit.</param>
/// <param name="Remarks">What went not as it should: a program that is not there, a language without definitions.</param>
public sealed record IndexReport(CodeModel Model, int Files, int Read, int Removed, int Skipped, IReadOnlyList<string> Remarks);

/// <summary>
/// Brings a model to the state of a workspace. It reads through the workspace only, so nothing outside the repository is
/// read, wherever a link leads.
/// </summary>
/// <param name="outliner">For languages that are not read here; null for none.</param>
/// <param name="cache">What is known of files; null for nothing.</param>
public sealed class CodeIndexer(IOutliner? outliner, FactCache? cache)
{
    /// <summary>Larger files are left out: they are data.</summary>
    public const long MaxFileBytes = 1 << 20;

    /// <summary>The most files of a repository.</summary>
    public const int MaxFiles = 200_000;

    private const int OutlineBatch = 400;

    /// <summary>Looks at every file of a workspace.</summary>
    public async Task<IndexReport> RefreshAsync(CodeModel model, IWorkspace workspace, IProgress<IndexProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        return await RefreshAsync(model, workspace, FileWalk.Of(workspace, cancellationToken), progress, cancellationToken);
    }

    /// <summary>Looks at every file of a walk.</summary>
    public async Task<IndexReport> RefreshAsync(CodeModel model, IWorkspace workspace, FileWalk walk, IProgress<IndexProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(walk);
        var (paths, skipped) = (walk.Paths, walk.Skipped);
        var report = await UpdateAsync(model, workspace, paths, progress, cancellationToken);
        var there = paths.ToHashSet(StringComparer.Ordinal);
        var gone = report.Model.Paths.Where(path => !there.Contains(path)).ToList();
        var now = gone.Count == 0 ? report.Model : report.Model.With(gone, [], cancellationToken);
        return report with { Model = now, Files = now.FileCount, Removed = gone.Count, Skipped = skipped };
    }

    /// <summary>Looks at some files: those that a write changed, made or removed.</summary>
    public async Task<IndexReport> UpdateAsync(CodeModel model, IWorkspace workspace, IReadOnlyCollection<string> paths, IProgress<IndexProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(paths);
        var (removed, known, unknown) = (new List<string>(), new List<IndexedFile>(), new List<(string Path, BlobHash Hash, SourceText? Source)>());
        var done = 0;
        foreach (var path in paths)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report(new(++done, paths.Count, path));
            if (Read(workspace, path) is not { } file)
            {
                removed.Add(path);
            }
            else if (model.VersionOf(path) != file.Version)
            {
                var source = SourceText.Of(file.Content.Span);
                if (cache?.Find(path, file.Version) is { } facts)
                {
                    known.Add(new(facts, source?.Text ?? ""));
                }
                else
                {
                    unknown.Add((path, file.Version, source));
                }
            }
        }

        var remarks = new List<string>();
        var tags = await OutlineAsync([.. unknown.Where(each => each.Source is not null && LanguageOf.IsOutlined(LanguageOf.Path(each.Path))).Select(each => each.Path)], remarks, cancellationToken);
        var extracted = unknown.Select(each => new IndexedFile(FactExtractor.Extract(each.Path, each.Hash, each.Source, tags[each.Path], cancellationToken), each.Source?.Text ?? "")).ToList();
        if (remarks.Count == 0)
        {
            cache?.Add([.. extracted.Select(file => file.Facts)]);
        }

        var now = model.With(removed, [.. known, .. extracted], cancellationToken);
        return new(now, now.FileCount, extracted.Count, removed.Count, 0, remarks);
    }

    private async Task<ILookup<string, OutlineTag>> OutlineAsync(List<string> paths, List<string> remarks, CancellationToken cancellationToken)
    {
        var tags = new List<OutlineTag>();
        if (paths.Count > 0 && outliner is null)
        {
            remarks.Add($"{paths.Count} files have no definitions in the model: nothing that outlines their languages was given.");
        }

        foreach (var batch in paths.Chunk(OutlineBatch).TakeWhile(_ => outliner is not null))
        {
            try
            {
                tags.AddRange(await outliner!.OutlineAsync(batch, cancellationToken));
            }
            catch (Exception e) when (e is WorkspaceException or IOException or InvalidDataException)
            {
                remarks.Add(e.Message);
                break;
            }
        }

        return tags.ToLookup(tag => tag.Path, StringComparer.Ordinal);
    }

    private static WorkspaceFile? Read(IWorkspace workspace, string path)
    {
        try
        {
            return workspace.Stat(path) is { Kind: EntryKind.File, Length: <= MaxFileBytes } ? workspace.Read(path, MaxFileBytes) : null;
        }
        catch (WorkspaceException)
        {
            // Gone since it was listed, or unreadable: it is not in the model then.
            return null;
        }
    }
}
