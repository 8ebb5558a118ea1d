using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>What a model must be able to do for a request.</summary>
public enum ModelCapability
{
    /// <summary>It calls tools.</summary>
    Tools,

    /// <summary>It takes images.</summary>
    Images,

    /// <summary>It reasons before it answers.</summary>
    Reasoning,

    /// <summary>It keeps to a JSON Schema that is sent along.</summary>
    StructuredOutput,
}

/// <summary>A kind of work, for which models are unequally good.</summary>
public enum ModelSkill
{
    /// <summary>Anything.</summary>
    General,

    /// <summary>Changing code.</summary>
    Coding,

    /// <summary>Thinking a problem through.</summary>
    Reasoning,

    /// <summary>Choosing tools and filling in their arguments.</summary>
    ToolUse,
}

/// <summary>A model that a request may go to, as the router knows it at that moment.</summary>
/// <param name="Model">provider:name.</param>
/// <param name="ContextTokens">Its window: prompt and answer together.</param>
/// <param name="Capabilities">What it can do, in the order of the enumeration.</param>
public sealed record RouteCandidate(string Model, int ContextTokens, ImmutableArray<ModelCapability> Capabilities)
{
    /// <summary>US dollars per million input tokens; null when unknown.</summary>
    public decimal? InputPrice { get; init; }

    /// <summary>US dollars per million output tokens; null when unknown.</summary>
    public decimal? OutputPrice { get; init; }

    /// <summary>Judged quality for the skill that the policy asks for, 0 to 1; null when nobody said.</summary>
    public double? Quality { get; init; }

    /// <summary>Milliseconds until the first piece of an answer, learned; null before the first call.</summary>
    public double? FirstPieceMs { get; init; }

    /// <summary>Milliseconds per output token after the first piece, learned; null before the first call.</summary>
    public double? TokenMs { get; init; }

    /// <summary>Calls that brought an answer, of those that are remembered.</summary>
    public int Answered { get; init; }

    /// <summary>Calls that are remembered.</summary>
    public int Calls { get; init; }

    /// <summary>Why it cannot be asked just now (its circuit is open, its provider lacks a key); null when it can.</summary>
    public string? Unavailable { get; init; }
}

/// <summary>What is known of a request when its model is chosen.</summary>
/// <param name="PromptTokens">Upper bound of the prompt's tokens.</param>
/// <param name="OutputTokens">The most tokens of the answer.</param>
/// <param name="Needs">What the model must be able to do, in the order of the enumeration.</param>
public sealed record RouteQuestion(int PromptTokens, int OutputTokens, ImmutableArray<ModelCapability> Needs)
{
    /// <summary>The most that the call may cost in US dollars; null for no limit.</summary>
    public decimal? MaxUsd { get; init; }

    /// <summary>The most milliseconds that the whole answer may take; null for no limit.</summary>
    public double? MaxMs { get; init; }
}

/// <summary>How a candidate did.</summary>
/// <param name="Model">provider:name.</param>
/// <param name="Score">0 to 1, the higher the better; 0 for who is excluded.</param>
/// <param name="Excluded">Why it was not in the choice; null when it was.</param>
public sealed record RouteScore(string Model, double Score, string? Excluded)
{
    /// <summary>What the call is expected to cost in US dollars; null when there is no price.</summary>
    public decimal? PredictedUsd { get; init; }

    /// <summary>How many milliseconds it is expected to take; null before anything was learned.</summary>
    public double? PredictedMs { get; init; }

    /// <summary>The parts of the score, each 0 to 1, before they were weighed.</summary>
    public RouteParts? Parts { get; init; }
}

/// <summary>The parts of a score: each normalised over the candidates that were left, so that no scale outweighs another.</summary>
/// <param name="Quality">Judged quality.</param>
/// <param name="Cost">1 for the cheapest, 0 for the dearest.</param>
/// <param name="Speed">1 for the fastest, 0 for the slowest.</param>
/// <param name="Reliability">Answered calls of all calls, with a mild prior.</param>
public readonly record struct RouteParts(double Quality, double Cost, double Speed, double Reliability);

/// <summary>A choice: from the same question, candidates and policy it always comes out the same.</summary>
/// <param name="Policy">The policy's name and version.</param>
/// <param name="PolicyHash">The hash of the policy's whole definition.</param>
/// <param name="Question">What was asked for.</param>
/// <param name="Candidates">Who could be chosen, and what was known of them.</param>
/// <param name="Scores">Best first, then the excluded ones by name.</param>
public sealed record RouteDecision(
    string Policy, BlobHash PolicyHash, RouteQuestion Question, ImmutableArray<RouteCandidate> Candidates, ImmutableArray<RouteScore> Scores);

/// <summary>One model that was asked.</summary>
/// <param name="Model">provider:name.</param>
/// <param name="Outcome">answered, cancelled, or the kind of failure.</param>
/// <param name="Detail">What the provider said when it failed; empty otherwise.</param>
/// <param name="WaitedMs">Milliseconds in the queue for a free place at the provider.</param>
/// <param name="Ms">Milliseconds that the call took.</param>
/// <param name="Usd">What it cost; null when unknown. For a call that was cancelled, the price of its prompt.</param>
/// <param name="Usage">The tokens used; for a call that was cancelled, the prompt as others counted it.</param>
public sealed record RouteAttempt(string Model, string Outcome, string Detail, double WaitedMs, double Ms, decimal? Usd, ModelUsage Usage);

/// <summary>A routed call: the choice, and what came of it.</summary>
/// <param name="Decision">The choice.</param>
/// <param name="Attempts">The models that were asked, in the order in which they were started.</param>
/// <param name="Chosen">Whose answer counts; null when there is none.</param>
public sealed record RouteRecord(RouteDecision Decision, ImmutableArray<RouteAttempt> Attempts, string? Chosen);
