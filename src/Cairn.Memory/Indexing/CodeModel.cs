using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Memory.Graph;
using Cairn.Memory.Keywords;
using Cairn.Memory.Vectors;

namespace Cairn.Memory.Indexing;

/// <summary>A file as it goes into the model.</summary>
/// <param name="Facts">What it says.</param>
/// <param name="Text">Its text; "" when it is none.</param>
public sealed record IndexedFile(FileFacts Facts, string Text);

/// <summary>
/// One version of the model of a repository: the graph of what it holds, and the words and vectors by which it is found. It
/// never changes; the next version shares all that stayed. Keys are paths for files, and path#name for what is in them.
/// </summary>
public sealed class CodeModel
{
    internal CodeModel(GraphSnapshot graph, KeywordIndex keywords, VectorIndex vectors, ImmutableDictionary<string, FileEntry> files, ImmutableDictionary<string, ImmutableHashSet<string>> mentioners)
    {
        Graph = graph;
        Keywords = keywords;
        Vectors = vectors;
        Files = files;
        Mentioners = mentioners;
    }

    /// <summary>A model of nothing.</summary>
    public static CodeModel Empty { get; } = new(
        GraphSnapshot.Empty(), KeywordIndex.Empty, VectorIndex.Empty(ModelEdit.Embedder.Dimensions),
        ImmutableDictionary.Create<string, FileEntry>(StringComparer.Ordinal), ImmutableDictionary.Create<string, ImmutableHashSet<string>>(StringComparer.Ordinal));

    /// <summary>The graph.</summary>
    public GraphSnapshot Graph { get; }

    /// <summary>The words of files and of what is in them.</summary>
    public KeywordIndex Keywords { get; }

    /// <summary>The vectors of the same.</summary>
    public VectorIndex Vectors { get; }

    /// <summary>How many files there are.</summary>
    public int FileCount => Files.Count;

    /// <summary>The paths of the files.</summary>
    public IEnumerable<string> Paths => Files.Keys;

    internal ImmutableDictionary<string, FileEntry> Files { get; }

    /// <summary>The files that mention a name.</summary>
    internal ImmutableDictionary<string, ImmutableHashSet<string>> Mentioners { get; }

    /// <summary>The hash of a file as the model knows it; null when it knows none of that path.</summary>
    public BlobHash? VersionOf(string path) => Files.TryGetValue(path, out var entry) ? entry.Facts.Hash : null;

    /// <summary>What a file says; null when there is none of that path.</summary>
    public FileFacts? FactsOf(string path) => Files.GetValueOrDefault(path)?.Facts;

    /// <summary>The files that have an import which may mean this one, by its name.</summary>
    public IReadOnlyCollection<string> ImportersOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return [.. Linker.FileNames(path).SelectMany(name => Mentioners.GetValueOrDefault(name) ?? []).Distinct(StringComparer.Ordinal)
            .Where(each => each != path && Files[each].Facts.Mentions.Any(mention => mention.Type == "IMPORTS" && Linker.FileNames(path).Contains(ModelEdit.WaitingName(mention))))];
    }

    /// <summary>The next version: without some files, and with others in their new form.</summary>
    public CodeModel With(IReadOnlyCollection<string> removed, IReadOnlyCollection<IndexedFile> changed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(removed);
        ArgumentNullException.ThrowIfNull(changed);
        return new ModelEdit(this).Apply(removed, changed, cancellationToken);
    }
}

/// <summary>A file in the graph: the nodes of what it defines, and the relationships that each of its mentions became.</summary>
internal sealed record FileEntry(FileFacts Facts, int Node, ImmutableDictionary<string, int> Nodes, ImmutableArray<ImmutableArray<int>> Edges);
