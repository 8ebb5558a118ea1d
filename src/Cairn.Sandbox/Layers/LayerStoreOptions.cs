using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sandbox;

/// <summary>What a <see cref="LayerStore"/> can be told.</summary>
public sealed record LayerStoreOptions
{
    /// <summary>Directories of the machine that commands see read-only, beside the system's own (an SDK, a package folder).</summary>
    public ImmutableArray<SandboxMount> Mounts { get; init; } = [];

    /// <summary>The sandbox backend by name: "box" (the native helper) or "bubblewrap"; null for the fastest that is there.</summary>
    public string? Backend { get; init; }

    /// <summary>Stacks deeper than this are squashed into one derived tree, so that mounts and look-ups stay fast.</summary>
    public int SquashDepth { get; init; } = 24;

    /// <summary>Put new layers into the body store behind the steps. Only for the one process that writes to the store.</summary>
    public bool StoresBehind { get; init; }

    /// <summary>Makes bodies that were put durable; null when they are once they are put.</summary>
    public Action? FlushBodies { get; init; }

    /// <summary>How long a new layer may wait for the first record that names it: a younger one is never collected.</summary>
    public TimeSpan CollectionGrace { get; init; } = TimeSpan.FromMinutes(10);
}
