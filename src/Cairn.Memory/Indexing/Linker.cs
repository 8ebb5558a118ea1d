using System.Collections.Immutable;
using System.IO.Enumeration;
using Cairn.Memory.Graph;

namespace Cairn.Memory.Indexing;

/// <summary>
/// Finds what a mention means. It knows names, not types: what is nearer wins (same container, same file, an imported file,
/// same folder), and a name that too many things have means none of them.
/// </summary>
internal sealed class Linker(GraphEdit graph, IReadOnlyDictionary<string, FileEntry> files)
{
    /// <summary>A name that means more things than this, all equally near, says nothing.</summary>
    private const int MostMeanings = 3;

    private const int MostOwned = 20_000;

    private static readonly string[] Extensions = ["", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".py", "/index.ts", "/index.tsx", "/index.js", "/__init__.py"];

    /// <summary>The last part of a dotted name.</summary>
    public static string Last(string name) => name[(name.LastIndexOf('.') + 1)..];

    /// <summary>The name by which a file is imported: without folders and endings.</summary>
    public static string Stem(string target)
    {
        var name = target.TrimEnd('/');
        name = name[(name.LastIndexOf('/') + 1)..];
        var dot = name.LastIndexOf('.');

        // "pkg.mod" is a module's name and "mod.h" a file's: endings are short and known.
        return dot > 0 && LanguageOf.Path(name).Length > 0 ? name[..dot] : name[(dot + 1)..];
    }

    /// <summary>The names by which a path can be imported.</summary>
    public static IEnumerable<string> FileNames(string path)
    {
        yield return Stem(path);
        if (path.LastIndexOf('/') is > 0 and var slash)
        {
            yield return Stem(path[..slash]);
        }
    }

    public FileEntry Link(FileEntry entry)
    {
        var edges = entry.Edges.ToBuilder();
        var imported = entry.Facts.Mentions.Where(mention => mention.Type == "IMPORTS").Select(mention => Stem(mention.Target)).ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<(string, string, string)>();
        for (var i = 0; i < edges.Count; i++)
        {
            var mention = entry.Facts.Mentions[i];
            if (edges[i].IsDefault)
            {
                // The same call on ten lines is one relationship.
                edges[i] = seen.Add((mention.Type, mention.From, mention.Target)) ? [.. Resolve(entry, mention, imported)] : [];
            }
            else
            {
                seen.Add((mention.Type, mention.From, mention.Target));
            }
        }

        return entry with { Edges = edges.ToImmutable() };
    }

    private IEnumerable<int> Resolve(FileEntry entry, Mention mention, HashSet<string> imported)
    {
        var source = mention.From.Length > 0 && entry.Nodes.TryGetValue($"{entry.Facts.Path}#{mention.From}", out var inside) ? inside : entry.Node;
        var targets = mention.Kinds switch
        {
            "File" => Files(entry.Facts.Path, mention.Target),
            "Pattern" => Owned(mention.Target),
            _ => Named(entry, mention, imported),
        };
        foreach (var target in targets.Where(target => target != source || mention.Type == "CALLS").ToList())
        {
            yield return graph.AddEdge(source, target, mention.Type, [new("line", (long)mention.Line), new("path", entry.Facts.Path)]);
        }
    }

    private IEnumerable<int> Named(FileEntry entry, Mention mention, HashSet<string> imported)
    {
        var kinds = mention.Kinds.Split('|', StringSplitOptions.RemoveEmptyEntries);
        var candidates = graph.Find("name", Last(mention.Target))
            .Select(node => (Node: node, Path: graph.Text(node, "path"), Container: graph.Text(node, "container")))
            .Where(each => kinds.Length == 0 ? !graph.Has(each.Node, "Section") : kinds.Any(kind => graph.Has(each.Node, kind))).ToList();
        if (candidates.Count == 0)
        {
            return [];
        }

        var of = mention.Target.Contains('.', StringComparison.Ordinal) ? Last(mention.Target[..mention.Target.LastIndexOf('.')]) : "";
        var folder = Folder(entry.Facts.Path);
        var self = of is "self" or "this" or "cls" ? Last(mention.From.Contains('.', StringComparison.Ordinal) ? mention.From[..mention.From.LastIndexOf('.')] : "") : of;
        var ranked = candidates.Select(each => (each.Node, Rank:
            (self.Length > 0 && Last(each.Container).Equals(self, StringComparison.OrdinalIgnoreCase) ? 8 : 0)
            + (each.Path == entry.Facts.Path ? 4 : 0)
            + (imported.Contains(Stem(each.Path)) || (of.Length > 0 && Stem(each.Path) == of) ? 4 : 0)
            + (Folder(each.Path) == folder ? 1 : 0))).ToList();

        // Of a type that is not here, nothing here is the member: Math.Max is no Max of this repository.
        if (mention.Type == "CALLS" && entry.Facts.Language == "csharp" && of.Length > 0 && char.IsUpper(of[0]) && ranked.All(each => each.Rank < 8))
        {
            return [];
        }

        // A column belongs to its table: another table's column of the same name is another thing.
        if (mention.Kinds == "Column" && of.Length > 0)
        {
            ranked = [.. ranked.Where(each => each.Rank >= 8)];
        }

        var best = ranked.Where(each => each.Rank == ranked.Max(other => other.Rank)).Select(each => each.Node).ToList();
        return best.Count <= MostMeanings ? best : [];
    }

    private IEnumerable<int> Files(string from, string target)
    {
        var relative = target.StartsWith('.') && target.Contains('/', StringComparison.Ordinal) ? RepositoryPath.Combine(Folder(from), target) : null;
        var plain = target.Contains('/', StringComparison.Ordinal) || LanguageOf.Path(target).Length > 0 ? target : target.TrimStart('.').Replace('.', '/');
        foreach (var candidate in new[] { relative, RepositoryPath.Combine(Folder(from), plain), plain }.OfType<string>())
        {
            foreach (var ending in Extensions)
            {
                if (files.TryGetValue(candidate + ending, out var file))
                {
                    return [file.Node];
                }
            }
        }

        var named = Extensions.Skip(1).Append("").Where(ending => !ending.StartsWith('/')).SelectMany(ending => graph.Find("name", Path.GetFileName(plain) + ending))
            .Where(node => graph.Has(node, "File") && Extensions.Any(ending => ("/" + graph.Text(node, "path")).EndsWith("/" + plain + ending, StringComparison.Ordinal))).Distinct().ToList();
        return named.Count <= MostMeanings ? named : [];
    }

    private IEnumerable<int> Owned(string pattern)
    {
        var anchored = pattern.TrimStart('/');
        var glob = anchored.EndsWith('/') ? anchored + "*" : anchored;
        return files.Where(file => FileSystemName.MatchesSimpleExpression(glob, file.Key) || (!pattern.Contains('/', StringComparison.Ordinal) && FileSystemName.MatchesSimpleExpression("*/" + glob, "/" + file.Key)) || file.Key.StartsWith(anchored.TrimEnd('/') + "/", StringComparison.Ordinal))
            .Take(MostOwned).Select(file => file.Value.Node);
    }

    private static string Folder(string path) => path.LastIndexOf('/') is >= 0 and var slash ? path[..slash] : "";
}
