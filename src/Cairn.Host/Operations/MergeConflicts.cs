using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>The conflicts of a run's merges as its journal has them: what clashed last, and what was decided.</summary>
internal sealed class MergeConflicts(IJournal journal, IBlobStore blobs, ILayerStore layers, RunId run)
{
    private const int PathsShown = 20;
    private const int MaxByLength = 80;

    /// <summary>The conflicts of the last merge that was tried; empty when it had none, or the run went back behind it.</summary>
    public ImmutableArray<MergeConflict> Open()
    {
        var records = journal.Read(run);
        for (var i = records.Count - 1; i >= 0; i--)
        {
            switch (records[i].Event)
            {
                case MergeFinished { ConflictList: { } list }:
                    return JsonSerializer.Deserialize(blobs.Get(list), CairnJson.Default.ImmutableArrayMergeConflict);
                case MergeFinished or RunRolledBack:
                    return [];
                default:
                    continue;
            }
        }

        return [];
    }

    /// <summary>All that was decided, oldest first, with who did.</summary>
    public IEnumerable<(ConflictResolution Resolution, string By)> Decided() => journal.Read(run).Select(r => r.Event).OfType<ConflictsResolved>()
        .SelectMany(e => JsonSerializer.Deserialize(blobs.Get(e.Resolutions), CairnJson.Default.ImmutableArrayConflictResolution).Select(r => (r, e.By)));

    /// <summary>For people and programs; with the text when one path is asked for.</summary>
    /// <exception cref="NotFoundException">When the path is in no conflict.</exception>
    public IReadOnlyList<ConflictView> View(string? path)
    {
        var decided = Decided().ToList();
        var open = Open();
        var views = open.Where(c => path is null || c.Path == path).Select(conflict =>
        {
            var last = decided.LastOrDefault(d => d.Resolution.Conflict.IsSameAs(conflict));
            return new ConflictView(conflict, last.Resolution?.Choice, last.By, path is null ? null : layers.TextOf(conflict));
        }).ToList();
        return path is null || views.Count > 0 ? views
            : throw new NotFoundException($"'{path}' is in no conflict of run {run}; {(open.IsEmpty ? $"`cairn merge {run}` finds out whether there are any" : $"there are {Names(open.Select(c => c.Path))}")}.");
    }

    /// <summary>Makes decisions out of answers; the plan is one without earlier decisions about the same paths.</summary>
    /// <exception cref="UserException">When an answer fits no conflict, or one that changed since it was shown.</exception>
    public ImmutableArray<ConflictResolution> Resolutions(MergePlan plan, ImmutableArray<ConflictAnswer> answers)
    {
        var shown = Open();
        return [.. answers.Select(answer => Resolution(plan, shown, answer))];
    }

    /// <summary>The decisions as an event.</summary>
    public ConflictsResolved Event(ImmutableArray<ConflictResolution> resolutions, string by) => new(
        blobs.Put(CairnJson.Bytes(resolutions, CairnJson.Default.ImmutableArrayConflictResolution)),
        [.. resolutions.Select(r => $"{r.Conflict.Path}: {Word(r.Choice)}")],
        SafeText.Line(by, MaxByLength) is { Length: > 0 } name ? name : "somebody");

    /// <summary>A choice in words.</summary>
    public static string Word(ConflictChoice choice) => choice switch
    {
        ConflictChoice.Repository => "the repository's version",
        ConflictChoice.Run => "the run's version",
        ConflictChoice.Base => "the version that both started from",
        ConflictChoice.Union => "the lines of both",
        _ => "a version of its own",
    };

    private ConflictResolution Resolution(MergePlan plan, ImmutableArray<MergeConflict> shown, ConflictAnswer answer)
    {
        var conflict = plan.Conflicts.FirstOrDefault(c => c.Path == answer.Path)
            ?? throw new UserException($"'{answer.Path}' is in no conflict{(plan.Conflicts.IsEmpty ? "; there is none" : $"; there are {Names(plan.Conflicts.Select(c => c.Path))}")}. Nothing was merged or decided.");
        if (shown.FirstOrDefault(c => c.Path == answer.Path) is { } known && !known.IsSameAs(conflict))
        {
            throw new UserException($"'{answer.Path}' changed in the repository since its conflict was found. Look at it again: `cairn merge {run}`, then --show. Nothing was merged or decided.");
        }

        if ((answer.Choice == ConflictChoice.Given) != (answer.Content is not null))
        {
            throw new UserException($"'{answer.Path}': a content goes with the choice of a given one, and only with that.");
        }

        if (answer.Content?.Length > MergeRequest.MaxContentBytes)
        {
            throw new UserException($"'{answer.Path}': the content that is given has {answer.Content.Length} bytes; the limit is {MergeRequest.MaxContentBytes}.");
        }

        return new(conflict, answer.Choice, answer.Content is { } bytes ? blobs.Put(bytes) : null);
    }

    private static string Names(IEnumerable<string> paths) => string.Join(", ", paths.Take(PathsShown));
}
