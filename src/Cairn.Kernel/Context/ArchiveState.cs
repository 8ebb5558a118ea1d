using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>What a run asked its archive, and what came of it.</summary>
public sealed record ArchiveState
{
    /// <summary>The query that was asked last; none when it is to be asked again.</summary>
    public BlobHash Query { get; init; }

    /// <summary>It has no answer yet.</summary>
    public bool Waiting { get; init; }

    /// <summary>Items that were put into the prompt.</summary>
    public int Promoted { get; init; }

    /// <summary>Items for which there was no room.</summary>
    public int Dropped { get; init; }

    /// <summary>Prompts that were asked while an answer was missing.</summary>
    public int Without { get; init; }

    /// <summary>The texts that were put into the prompt: each is once.</summary>
    [JsonIgnore]
    public ImmutableHashSet<BlobHash> Texts { get; init; } = [];
}
