using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>How a live replay asks.</summary>
public sealed record LiveReplayOptions
{
    /// <summary>provider:name; null asks the model that each step was recorded with.</summary>
    public string? Model { get; init; }

    /// <summary>The most US dollars; a call that could go beyond is not made. Null for no limit.</summary>
    public decimal? BudgetUsd { get; init; }

    /// <summary>The most tokens, input and output; a call that could go beyond is not made. Null for no limit.</summary>
    public long? BudgetTokens { get; init; }
}

/// <summary>How the answers of a model drift from those that were recorded.</summary>
/// <param name="Run">The run.</param>
/// <param name="Steps">Every answer of the run, also those that a rollback undid.</param>
/// <param name="Same">Steps whose answer is the same: text, tool calls and finish reason.</param>
/// <param name="Drifted">Steps whose answer differs.</param>
/// <param name="Unanswered">Steps that brought no answer to compare: the model failed, or the budget forbade the call.</param>
/// <param name="LengthDifferences">Steps whose text or list of tool calls is longer or shorter than recorded.</param>
/// <param name="Usage">Tokens that the replay took.</param>
/// <param name="Usd">US dollars that it cost; calls without a known price are not in it.</param>
/// <param name="Unpriced">Answers whose price is not known.</param>
/// <param name="Logprobs">Whether token log-probabilities were compared; "not offered" when no side has them.</param>
public sealed record DriftView(
    RunId Run,
    ImmutableArray<StepDrift> Steps,
    int Same,
    int Drifted,
    int Unanswered,
    int LengthDifferences,
    ModelUsage Usage,
    decimal Usd,
    int Unpriced,
    string Logprobs)
{
    /// <summary>Every step was answered, and as recorded. What was not asked is never taken for the same.</summary>
    public bool Passed => Drifted == 0 && Unanswered == 0;
}

/// <summary>One step asked again.</summary>
/// <param name="Step">The step.</param>
/// <param name="Record">Place of the recorded answer in the run's history.</param>
/// <param name="Model">Who was asked now.</param>
/// <param name="Problem">Why there is no answer; null when there is one.</param>
/// <param name="Text">How the texts compare; null without an answer.</param>
/// <param name="Calls">What differs in the tool calls; empty when they are the same.</param>
/// <param name="RecordedFinish">Why the model stopped then.</param>
/// <param name="LiveFinish">Why it stopped now; null without an answer.</param>
/// <param name="RecordedUsage">Tokens then; a difference in tokens alone is no drift.</param>
/// <param name="LiveUsage">Tokens now.</param>
/// <param name="Usd">What it cost now; null when the price is not known or nobody was asked.</param>
public sealed record StepDrift(
    int Step,
    long Record,
    string Model,
    string? Problem,
    TextDrift? Text,
    ImmutableArray<string> Calls,
    FinishReason RecordedFinish,
    FinishReason? LiveFinish,
    ModelUsage RecordedUsage,
    ModelUsage LiveUsage,
    decimal? Usd)
{
    /// <summary>There is an answer, and it is the recorded one.</summary>
    public bool Same => Text is { Same: true } && Calls.IsEmpty && LiveFinish == RecordedFinish;

    /// <summary>The text or the list of calls is longer or shorter.</summary>
    public bool LengthDiffers { get; init; }

    /// <summary>The journal holds log-probabilities of the answer.</summary>
    public bool RecordedLogprobs { get; init; }

    /// <summary>How the log-probabilities compare; null when one side has none. They drift a little by themselves: no drift of the answer.</summary>
    public LogprobDrift? Logprobs { get; init; }
}

/// <summary>How the log-probabilities of two answers compare, over the tokens that both begin with.</summary>
/// <param name="RecordedTokens">Tokens then.</param>
/// <param name="LiveTokens">Tokens now.</param>
/// <param name="Compared">Tokens before the first that differs.</param>
/// <param name="MeanDifference">Mean absolute difference of their natural logarithms.</param>
/// <param name="LargestDifference">The largest of them.</param>
public sealed record LogprobDrift(int RecordedTokens, int LiveTokens, int Compared, double MeanDifference, double LargestDifference);

/// <summary>How two texts compare.</summary>
/// <param name="Same">They are the same, character by character.</param>
/// <param name="FirstDifference">The first character that differs, or the length of the shorter when one goes on; null when they are the same.</param>
/// <param name="RecordedLength">Characters then.</param>
/// <param name="LiveLength">Characters now.</param>
/// <param name="Similarity">0 to 1: the share of character pairs that both have (Sørensen and Dice).</param>
public sealed record TextDrift(bool Same, int? FirstDifference, int RecordedLength, int LiveLength, double Similarity);
