using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>What is in a run's context at one of its places.</summary>
/// <param name="Run">The run.</param>
/// <param name="Position">Events before it.</param>
/// <param name="Model">provider:name.</param>
/// <param name="Policy">The policy that decides what leaves first: name@version.</param>
/// <param name="PolicyHash">The hash of what it answers.</param>
/// <param name="Room">The most tokens that the prompt may have there.</param>
/// <param name="Tokens">Upper bound of the prompt's tokens.</param>
/// <param name="Calibration">Thousandths by which the provider counted more than the bound said.</param>
/// <param name="Items">The items, by tier.</param>
/// <param name="Prompts">The prompts up to there, with what each could take over from the one before.</param>
public sealed record ContextView(
    RunId Run, long Position, string Model, string Policy, BlobHash PolicyHash, long Room, long Tokens, int Calibration,
    ImmutableArray<ContextItemView> Items, ImmutableArray<PromptReuse> Prompts)
{
    /// <summary>What came from the archive; null when none was asked.</summary>
    public ArchiveView? Archive { get; init; }
}

/// <summary>What came of asking the archive.</summary>
/// <param name="Promoted">Texts that were put into the prompt.</param>
/// <param name="Dropped">Texts for which there was no room.</param>
/// <param name="Without">Prompts that were asked while its answer was missing.</param>
/// <param name="Waiting">Its answer is missing now.</param>
public sealed record ArchiveView(int Promoted, int Dropped, int Without, bool Waiting);

/// <summary>An item of a context.</summary>
/// <param name="Address">ctx://RUN/TIER/ITEM.</param>
/// <param name="Tier">L1 to L4.</param>
/// <param name="Version">The hash of its body, or of the file that it shows; none when it has none.</param>
/// <param name="Provenance">Where it comes from: a record of the journal, file@hash:span, or a human.</param>
/// <param name="Tokens">Upper bound of all of it.</param>
/// <param name="InPrompt">Upper bound of what of it is in the prompt; 0 for nothing.</param>
/// <param name="Form">whole, brief, stub, carried or gone.</param>
/// <param name="Pinned">It stays as long as anything else can go.</param>
/// <param name="LastUse">The step in which it was last used.</param>
/// <param name="Worth">What the policy gives for its place; null when it is not for the policy to decide.</param>
/// <param name="Untrusted">Nobody vouches for it: it is framed as data.</param>
/// <param name="Why">Why it is where it is.</param>
public sealed record ContextItemView(
    string Address, string Tier, BlobHash Version, string Provenance, long Tokens, long InPrompt, string Form, bool Pinned, int LastUse, double? Worth, bool Untrusted, string Why);

/// <summary>A prompt, and what of the one before it is its beginning, which a provider's cache can serve.</summary>
/// <param name="Step">The step.</param>
/// <param name="Attempt">The attempt.</param>
/// <param name="Tokens">Upper bound of its tokens.</param>
/// <param name="Bound">Tokens of the prompt before it that could be its beginning: no more than either of the two has.</param>
/// <param name="Reused">Tokens of the prompt before it that are its beginning.</param>
/// <param name="Break">Why the two differ; null when they do not.</param>
/// <param name="Avoidable">Nothing forced the difference.</param>
public sealed record PromptReuse(int Step, int Attempt, long Tokens, long Bound, long Reused, string? Break, bool Avoidable);
