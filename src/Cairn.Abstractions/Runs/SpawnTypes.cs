using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>Runs to start below the one that asks; they run side by side.</summary>
/// <param name="Children">The runs.</param>
/// <param name="Adopt">When there is one child and it succeeds, its files become the parent's.</param>
public sealed record SpawnRequest(ImmutableArray<ChildRequest> Children, bool Adopt);

/// <summary>One run to start below another. It begins with the parent's files as they are then.</summary>
/// <param name="Task">What is to be done.</param>
/// <param name="Model">provider:name; null for the parent's.</param>
/// <param name="Judge">Shell command that must exit 0; null for none.</param>
/// <param name="Tokens">Its own limit; the limits of all runs above it hold as well.</param>
/// <param name="Usd">Likewise in US dollars.</param>
/// <param name="Steps">Likewise in model calls.</param>
public sealed record ChildRequest(
    string Task, string? Model, string? Judge = null, long? Tokens = null, decimal? Usd = null, int? Steps = null);

/// <summary>How a child ended.</summary>
/// <param name="Run">The child.</param>
/// <param name="Outcome">How.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="Usage">Tokens that it used.</param>
/// <param name="Usd">What it cost.</param>
public sealed record ChildResult(RunId Run, RunOutcome Outcome, string Reason, ModelUsage Usage, decimal Usd);
