using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>Why a model stopped.</summary>
public enum FinishReason
{
    /// <summary>It said all that it wanted.</summary>
    Stop,

    /// <summary>It waits for the results of tool calls.</summary>
    ToolCalls,

    /// <summary>It hit the limit of output tokens.</summary>
    Length,

    /// <summary>The provider's filter or the model itself refused.</summary>
    Refused,
}

/// <summary>Tokens that one call used, as the provider counted them.</summary>
/// <param name="InputTokens">Tokens of the prompt, cached ones included.</param>
/// <param name="OutputTokens">Tokens of the answer, reasoning included.</param>
/// <param name="CachedInputTokens">The part of <paramref name="InputTokens"/> that the provider's prompt cache served.</param>
public readonly record struct ModelUsage(long InputTokens, long OutputTokens, long CachedInputTokens = 0)
{
    /// <summary>Input and output together.</summary>
    public long Total => InputTokens + OutputTokens;

    /// <summary>Adds up two usages.</summary>
    public static ModelUsage operator +(ModelUsage a, ModelUsage b) =>
        new(a.InputTokens + b.InputTokens, a.OutputTokens + b.OutputTokens, a.CachedInputTokens + b.CachedInputTokens);

    /// <summary>Adds up two usages.</summary>
    public static ModelUsage Add(ModelUsage left, ModelUsage right) => left + right;
}

/// <summary>A model's complete answer. A stream that broke off is never one of these.</summary>
public sealed record ModelResponse
{
    /// <summary>The text; empty when the model only calls tools.</summary>
    public string Text { get; init; } = "";

    /// <summary>The tool calls, in order.</summary>
    public ImmutableArray<ModelToolCall> ToolCalls { get; init; } = [];

    /// <summary>Why the model stopped.</summary>
    public FinishReason Finish { get; init; }

    /// <summary>The tokens used.</summary>
    public ModelUsage Usage { get; init; }

    /// <summary>The price of the call in US dollars by the price table; null when the model has no known price.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>Reasoning items to be passed back verbatim (opaque JSON); null when there are none.</summary>
    public string? Reasoning { get; init; }

    /// <summary>The text's tokens with their log-probabilities; null when they were not asked for, or are not offered.</summary>
    public ImmutableArray<TokenLogprob>? Logprobs { get; init; }

    /// <summary>The model that answered, as the provider names it.</summary>
    public string Model { get; init; } = "";
}

/// <summary>A token of an answer.</summary>
/// <param name="Token">Its text.</param>
/// <param name="Logprob">The natural logarithm of the probability that the model gave it.</param>
public sealed record TokenLogprob(string Token, double Logprob);

/// <summary>What went wrong with a model call.</summary>
public enum ModelErrorKind
{
    /// <summary>The provider asks for patience (HTTP 429).</summary>
    RateLimited,

    /// <summary>The provider failed (HTTP 5xx) or could not be reached.</summary>
    Unavailable,

    /// <summary>The stream ended before the answer did.</summary>
    BrokenStream,

    /// <summary>The call took longer than its limit.</summary>
    TimedOut,

    /// <summary>The key is missing, wrong or lacks a permission (HTTP 401 and 403).</summary>
    Unauthorized,

    /// <summary>The provider does not know the model (HTTP 404).</summary>
    UnknownModel,

    /// <summary>The prompt does not fit the model's window.</summary>
    TooLong,

    /// <summary>The provider rejects the request (other HTTP 4xx), or a recorded model has no answer for it.</summary>
    Invalid,
}

/// <summary>A model call that brought no answer.</summary>
/// <param name="Kind">What went wrong.</param>
/// <param name="Message">The clear text for people: what, where and the mend; without keys.</param>
/// <param name="RetryAfter">The wait that the provider asked for.</param>
public sealed record ModelFailure(ModelErrorKind Kind, string Message, TimeSpan? RetryAfter = null)
{
    /// <summary>True when the same request may succeed later.</summary>
    public bool Retryable => Kind is ModelErrorKind.RateLimited or ModelErrorKind.Unavailable
        or ModelErrorKind.BrokenStream or ModelErrorKind.TimedOut;
}

/// <summary>An answer or a failure: exactly one of the two.</summary>
public sealed record ModelOutcome
{
    private ModelOutcome(ModelResponse? response, ModelFailure? failure) => (Response, Failure) = (response, failure);

    /// <summary>The answer; null when the call failed.</summary>
    public ModelResponse? Response { get; }

    /// <summary>The failure; null when there is an answer.</summary>
    public ModelFailure? Failure { get; }

    /// <summary>How the model was chosen and who was asked; null when nobody chose.</summary>
    public RouteRecord? Route { get; init; }

    /// <summary>The call succeeded.</summary>
    public static ModelOutcome Answered(ModelResponse response) => new(response, null);

    /// <summary>The call failed.</summary>
    public static ModelOutcome Failed(ModelErrorKind kind, string message, TimeSpan? retryAfter = null) =>
        new(null, new(kind, message, retryAfter));
}
