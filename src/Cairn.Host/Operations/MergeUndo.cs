using System.Text;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// A run's layers stand on the live repository. Once the run was merged, the repository below holds its changes, and an
/// older place would show them too. This makes a layer that takes them back for the paths that the place itself had not
/// changed, so that a rollback or fork sees the files of its place. The repository is not touched; merging such a run
/// later undoes what was merged.
/// </summary>
internal sealed class MergeUndo(RunServices services)
{
    private const string Script = """
        while IFS= read -r -d '' what && IFS= read -r -d '' path && IFS= read -r -d '' value; do
          case $what in
            remove) rm -rf -- "$path" ;;
            make) mkdir -p -- "$path" && chmod -- "$value" "$path" ;;
            mode) chmod -- "$value" "$path" ;;
            link) rm -rf -- "$path" && mkdir -p -- "$(dirname -- "$path")" && ln -s -- "$value" "$path" ;;
          esac || exit 1
        done
        """;

    /// <summary>The layer to stand on; null when nothing was merged after the place.</summary>
    /// <param name="records">The history of the run whose merges count.</param>
    /// <param name="position">The place, in events of its history.</param>
    /// <param name="top">The place's layer.</param>
    /// <param name="owner">The run that gets the layer.</param>
    /// <param name="count">A number that no layer of that run was named with.</param>
    /// <param name="cancellationToken">Stops it; nothing is changed then.</param>
    public async Task<LayerId?> LayerAsync(
        IReadOnlyList<JournalRecord> records, long position, LayerId? top, RunId owner, long count, CancellationToken cancellationToken)
    {
        var merged = MergedAfter(records, (int)position);
        if (merged.Count == 0)
        {
            return null;
        }

        var own = services.Layers.NetChanges(top, null).Select(c => c.Path).ToHashSet(StringComparer.Ordinal);
        var back = merged.Values.Where(c => !own.Contains(c.Path)).OrderBy(c => c.Path, StringComparer.Ordinal).ToList();
        if (back.Count == 0)
        {
            return null;
        }

        var repository = records.Select(r => r.Event).OfType<RunStarted>().First().Repository;
        await using var workspace = services.Layers.Open(owner, repository, top);
        var steps = new StringBuilder();
        foreach (var change in back)
        {
            Restore(workspace, change, steps);
        }

        var result = await workspace.RunAsync(
            new SandboxCommand(["bash", "-c", Script]) { Input = Encoding.UTF8.GetBytes(steps.ToString()) }, cancellationToken);
        return result.ExitCode == 0
            ? workspace.Freeze(LayerId.Parse($"{owner}.{count}u"))?.Layer
            : throw new UserException($"What run {records[^1].Run} merged could not be taken back for its older files: {result.Error.Trim()}");
    }

    /// <summary>The paths of all merges after a place, each as it was before the first of them.</summary>
    private Dictionary<string, PathChange> MergedAfter(IReadOnlyList<JournalRecord> records, int position)
    {
        var changes = new Dictionary<string, PathChange>(StringComparer.Ordinal);
        MergePlan? plan = null;
        for (var i = position; i < records.Count; i++)
        {
            switch (records[i].Event)
            {
                case MergeStarted started:
                    plan = JsonSerializer.Deserialize(services.Blobs.Get(started.Plan), CairnJson.Default.MergePlan);
                    break;
                case MergeFinished { Status: MergeStatus.Merged }:
                    foreach (var change in plan?.Changes ?? [])
                    {
                        changes.TryAdd(change.Path, change);
                    }

                    break;
                default:
                    break;
            }
        }

        return changes;
    }

    private void Restore(IWorkspace workspace, PathChange change, StringBuilder steps)
    {
        var mode = Convert.ToString(change.BeforeMode, 8);
        if (change.Change == ChangeKind.Added)
        {
            Step("remove", "");
        }
        else if (change.Kind == EntryKind.Directory)
        {
            Step("make", mode);
        }
        else if (change.Kind == EntryKind.Link)
        {
            Step("link", Encoding.UTF8.GetString(services.Layers.Content(change.Before)));
        }
        else
        {
            BlobHash? there = workspace.Stat(change.Path) is { Kind: EntryKind.File } ? workspace.Read(change.Path, long.MaxValue).Version : null;
            workspace.Write(change.Path, services.Layers.Content(change.Before), there);
            Step("mode", mode);
        }

        void Step(string what, string value) => steps.Append(what).Append('\0').Append(change.Path).Append('\0').Append(value).Append('\0');
    }
}
