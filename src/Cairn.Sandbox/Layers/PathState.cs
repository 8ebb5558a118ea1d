using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>All that is compared of an entry: kind, permission bits, the hash of a file's bytes or a link's target, extended attributes.</summary>
internal sealed record PathState(EntryKind Kind, int Mode, BlobHash Content)
{
    /// <summary>Hash of the stored form of its <see cref="UserAttributes"/>; null when it has none.</summary>
    public BlobHash? Attributes { get; init; }

    public ConflictSide ToSide() => new(Kind, Mode, Content, Attributes);

    /// <summary>A link's permission bits mean nothing and cannot be set.</summary>
    public static PathState Of(FileStat stat, BlobHash content) => new(stat.Kind, stat.Kind == EntryKind.Link ? 0x1FF : stat.Mode, content);
}

/// <summary>How one path went from one state to another; null means not there.</summary>
internal sealed record LayerEdit(string Path, PathState? Before, PathState? After)
{
    /// <summary>The body that holds the content before in compressed form; null when it is stored as it is, or in a layer below.</summary>
    public BlobHash? Base { get; init; }

    /// <summary>What takes the edit back.</summary>
    public LayerEdit Reverse() => new(Path, After, Before);

    /// <summary>A directory before and after: its mode and attributes are what changed.</summary>
    public bool IsOfDirectory() => (Before, After) is ({ Kind: EntryKind.Directory }, { Kind: EntryKind.Directory });

    public static LayerEdit Of(PathChange change) => new(
        change.Path,
        change.Change == ChangeKind.Added ? null : new(change.BeforeKind ?? change.Kind, change.BeforeMode, change.Before) { Attributes = change.BeforeAttributes },
        change.Change == ChangeKind.Deleted ? null : new(change.Kind, change.AfterMode, change.After) { Attributes = change.AfterAttributes });

    public PathChange ToChange() => new(
        Path,
        Before is null ? ChangeKind.Added : After is null ? ChangeKind.Deleted : ChangeKind.Modified,
        (After ?? Before)!.Kind,
        Before?.Content ?? default,
        After?.Content ?? default,
        Before?.Mode ?? 0,
        After?.Mode ?? 0)
    {
        BeforeKind = Before is { } was && After is { } now && was.Kind != now.Kind ? was.Kind : null,
        BeforeAttributes = Before?.Attributes,
        AfterAttributes = After?.Attributes,
    };
}

/// <summary>
/// What `layers/ID/meta.json` holds, or the layer's pack. The layer exists from the moment on that this file is durable.
/// Contents after are in the layer itself; contents before are in the layers below, or bodies if they were the repository's.
/// </summary>
internal sealed record LayerMeta(int Version, LayerId Layer, LayerId? Parent, string Repository, ImmutableArray<LayerEdit> Edits)
{
    /// <summary>The version that this code writes; a newer one is refused.</summary>
    public const int CurrentVersion = 2;

    public LayerChanges ToChanges() => new(Layer, Parent, [.. Edits.Select(e => e.ToChange())]);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(LayerMeta))]
[JsonSerializable(typeof(PackHeader))]
internal sealed partial class SandboxJson : JsonSerializerContext;
