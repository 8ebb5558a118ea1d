using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>How near to the model an item is.</summary>
public enum ContextTier
{
    /// <summary>Immediate: task, rules, open errors, the agent's list and notes, what the last steps brought.</summary>
    L1,

    /// <summary>Working: what is still in the prompt, whole or in short.</summary>
    L2,

    /// <summary>Archival: out of the prompt, and brought back by its address.</summary>
    L3,

    /// <summary>Persistent: places to return to.</summary>
    L4,
}

/// <summary>An item of a run's context.</summary>
/// <param name="Tier">Where it is.</param>
/// <param name="Name">Its address without run and tier.</param>
/// <param name="Version">The hash of its body, or of the file that it shows; none when it has none.</param>
/// <param name="Provenance">Where it comes from.</param>
/// <param name="Tokens">Upper bound of all of it.</param>
/// <param name="InPrompt">Upper bound of what of it is in the prompt.</param>
/// <param name="Form">whole, brief, stub, carried or gone.</param>
/// <param name="Why">Why it is where it is.</param>
public sealed record ContextItem(ContextTier Tier, string Name, BlobHash Version, string Provenance, long Tokens, long InPrompt, string Form, string Why)
{
    /// <summary>It stays as long as anything else can go.</summary>
    public bool Pinned { get; init; }

    /// <summary>The step in which it was last used.</summary>
    public int LastUse { get; init; }

    /// <summary>What the policy gives for its place; null when it is not for the policy to decide.</summary>
    public double? Worth { get; init; }

    /// <summary>Nobody vouches for it: it is framed as data.</summary>
    public bool Untrusted { get; init; }

    /// <summary>ctx://RUN/TIER/NAME.</summary>
    public string Address(RunId run) => $"ctx://{run}/{Tier.ToString().ToLowerInvariant()}/{Name}";
}
