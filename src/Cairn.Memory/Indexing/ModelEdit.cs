using System.Collections.Immutable;
using Cairn.Memory.Graph;
using Cairn.Memory.Keywords;
using Cairn.Memory.Vectors;

namespace Cairn.Memory.Indexing;

/// <summary>
/// Makes the next version of a model. What a changed file defines keeps its node when it keeps its name, so only names that
/// came or went have their mentions in other files looked up again.
/// </summary>
internal sealed class ModelEdit(CodeModel from)
{
    /// <summary>Under this name mentions of path patterns wait for new files.</summary>
    private const string AnyFile = "*";

    private readonly GraphEdit _graph = from.Graph.Edit();
    private readonly ImmutableDictionary<string, FileEntry>.Builder _files = from.Files.ToBuilder();
    private readonly ImmutableDictionary<string, ImmutableHashSet<string>>.Builder _mentioners = from.Mentioners.ToBuilder();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _relink = new(StringComparer.Ordinal);
    private readonly List<string> _goneTexts = [];

    public static HashedWordsEmbedder Embedder { get; } = new();

    public CodeModel Apply(IReadOnlyCollection<string> removed, IReadOnlyCollection<IndexedFile> changed, CancellationToken cancellationToken)
    {
        foreach (var path in removed.Where(_files.ContainsKey))
        {
            Names(_files[path], null);
        }

        foreach (var file in changed)
        {
            Names(_files.GetValueOrDefault(file.Facts.Path), file.Facts);
        }

        Unlink(removed.Concat(changed.Select(file => file.Facts.Path)));
        foreach (var path in removed.Where(_files.ContainsKey))
        {
            Remove(path);
        }

        foreach (var file in changed)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Put(file);
        }

        var linker = new Linker(_graph, _files);
        foreach (var path in _relink.Where(_files.ContainsKey).Order(StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            _files[path] = linker.Link(_files[path]);
        }

        var texts = changed.SelectMany(ModelTexts.Of).ToList();
        return new(
            _graph.Commit(),
            from.Keywords.With(_goneTexts, texts.Select(text => text.Keywords)),
            from.Vectors.With(_goneTexts, texts.Select(text => KeyValuePair.Create(text.Keywords.Key, Embedder.Embed(text.Words)))),
            _files.ToImmutable(),
            _mentioners.ToImmutable());
    }

    /// <summary>The name under which a mention waits for what it means: the last part of it.</summary>
    public static string WaitingName(Mention mention) => mention.Kinds switch
    {
        "Pattern" => AnyFile,
        "File" => Linker.Stem(mention.Target),
        _ => Linker.Last(mention.Target),
    };

    public static string KeyOf(string path, Entity entity) => $"{path}#{entity.FullName}";

    private void Names(FileEntry? before, FileFacts? after)
    {
        var (old, now) = (Keys(before?.Facts), Keys(after));
        foreach (var (key, name) in old.Where(each => !now.ContainsKey(each.Key)).Concat(now.Where(each => !old.ContainsKey(each.Key))))
        {
            _names.Add(name);
        }

        if (before is null != after is null)
        {
            _names.Add(AnyFile);
            _names.UnionWith(Linker.FileNames((before?.Facts ?? after!).Path));
        }

        static Dictionary<string, string> Keys(FileFacts? facts) =>
            facts?.Entities.DistinctBy(entity => KeyOf(facts.Path, entity)).ToDictionary(entity => KeyOf(facts.Path, entity) + "|" + entity.Kind, entity => entity.Name, StringComparer.Ordinal) ?? [];
    }

    private void Unlink(IEnumerable<string> changed)
    {
        var own = changed.ToHashSet(StringComparer.Ordinal);
        foreach (var path in own.Where(_files.ContainsKey))
        {
            Drop(path, null);
        }

        foreach (var path in _names.SelectMany(name => _mentioners.TryGetValue(name, out var paths) ? paths : []).Where(path => !own.Contains(path)).Distinct(StringComparer.Ordinal).ToList())
        {
            Drop(path, _names);
        }

        _relink.UnionWith(own);
    }

    private void Drop(string path, HashSet<string>? names)
    {
        var entry = _files[path];
        var edges = entry.Edges.ToBuilder();
        for (var i = 0; i < edges.Count; i++)
        {
            if (!edges[i].IsDefault && (names is null || names.Contains(WaitingName(entry.Facts.Mentions[i]))))
            {
                foreach (var edge in edges[i])
                {
                    _graph.RemoveEdge(edge);
                }

                edges[i] = default;
            }
        }

        _files[path] = entry with { Edges = edges.ToImmutable() };
        _relink.Add(path);
    }

    private void Remove(string path)
    {
        var entry = _files[path];
        foreach (var node in entry.Nodes.Values.Append(entry.Node))
        {
            _graph.RemoveNode(node);
        }

        Wait(entry.Facts, add: false);
        _goneTexts.AddRange(ModelTexts.Keys(entry.Facts));
        _files.Remove(path);
    }

    private void Put(IndexedFile file)
    {
        var facts = file.Facts;
        var before = _files.GetValueOrDefault(facts.Path);
        if (before is not null)
        {
            Wait(before.Facts, add: false);
            _goneTexts.AddRange(ModelTexts.Keys(before.Facts));
        }

        Dictionary<string, object?> properties = new() { ["key"] = facts.Path, ["name"] = Path.GetFileName(facts.Path), ["path"] = facts.Path, ["language"] = facts.Language, ["version"] = facts.Hash.Value };
        int node;
        if (before is null)
        {
            node = _graph.AddNode(["Entity", "File"], properties);
        }
        else
        {
            node = before.Node;
            _graph.SetProperties(node, properties);
        }

        var nodes = Nodes(facts, before, node);
        _files[facts.Path] = new(facts, node, nodes, [.. facts.Mentions.Select(_ => default(ImmutableArray<int>))]);
        Wait(facts, add: true);
    }

    private ImmutableDictionary<string, int> Nodes(FileFacts facts, FileEntry? before, int file)
    {
        var nodes = ImmutableDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        var kinds = before?.Facts.Entities.DistinctBy(entity => KeyOf(facts.Path, entity)).ToDictionary(entity => KeyOf(facts.Path, entity), entity => (entity.Kind, entity.Container), StringComparer.Ordinal) ?? [];
        var added = new List<Entity>();
        foreach (var entity in facts.Entities.DistinctBy(entity => KeyOf(facts.Path, entity)))
        {
            var key = KeyOf(facts.Path, entity);
            if (before is not null && before.Nodes.TryGetValue(key, out var known) && kinds[key].Kind == entity.Kind)
            {
                nodes[key] = known;
                _graph.SetProperties(known, Properties(facts, entity, key));
            }
            else
            {
                nodes[key] = _graph.AddNode(["Entity", entity.Kind], Properties(facts, entity, key));
                added.Add(entity);
            }
        }

        foreach (var (key, gone) in before?.Nodes ?? [])
        {
            if (!nodes.TryGetValue(key, out var now) || now != gone)
            {
                _graph.RemoveNode(gone);
            }
        }

        // Within: the file holds it, or what it is in does. A node that stayed has this relationship still.
        foreach (var entity in added)
        {
            var container = entity.Container.Length > 0 && Containing(facts, entity) is { } key && nodes.TryGetValue(key, out var inside) ? inside : file;
            _graph.AddEdge(container, nodes[KeyOf(facts.Path, entity)], entity.Kind == "Column" && container != file ? "HAS_COLUMN" : "CONTAINS", []);
        }

        Repair(facts, nodes, file);
        return nodes.ToImmutable();
    }

    /// <summary>A member that stayed while its class was made anew has lost the relationship to it.</summary>
    private void Repair(FileFacts facts, ImmutableDictionary<string, int>.Builder nodes, int file)
    {
        foreach (var entity in facts.Entities.DistinctBy(entity => KeyOf(facts.Path, entity)))
        {
            var node = nodes[KeyOf(facts.Path, entity)];
            if (!_graph.HasIncoming(node, "CONTAINS", "HAS_COLUMN"))
            {
                var container = Containing(facts, entity) is { } key && nodes.TryGetValue(key, out var inside) && inside != node ? inside : file;
                _graph.AddEdge(container, node, entity.Kind == "Column" && container != file ? "HAS_COLUMN" : "CONTAINS", []);
            }
        }
    }

    private static string? Containing(FileFacts facts, Entity entity) =>
        facts.Entities.FirstOrDefault(each => each.FullName == entity.Container || (each.Name == entity.Container && each.Line <= entity.Line && each.EndLine >= entity.EndLine)) is { } found && found != entity
            ? KeyOf(facts.Path, found)
            : null;

    private static Dictionary<string, object?> Properties(FileFacts facts, Entity entity, string key)
    {
        var properties = new Dictionary<string, object?>
        {
            ["key"] = key, ["name"] = entity.Name, ["path"] = facts.Path, ["container"] = entity.Container, ["line"] = (long)entity.Line, ["endLine"] = (long)entity.EndLine,
            ["text"] = entity.Text, ["version"] = facts.Hash.Value,
        };
        foreach (var (name, value) in entity.Properties)
        {
            properties.TryAdd(name, value is "true" ? true : value is "false" ? false : value);
        }

        return properties;
    }

    private void Wait(FileFacts facts, bool add)
    {
        foreach (var name in facts.Mentions.Select(WaitingName).Distinct(StringComparer.Ordinal))
        {
            var paths = _mentioners.GetValueOrDefault(name) ?? ImmutableHashSet.Create<string>(StringComparer.Ordinal);
            paths = add ? paths.Add(facts.Path) : paths.Remove(facts.Path);
            if (paths.IsEmpty)
            {
                _mentioners.Remove(name);
            }
            else
            {
                _mentioners[name] = paths;
            }
        }
    }
}
