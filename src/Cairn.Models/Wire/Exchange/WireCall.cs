using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>A client's request.</summary>
/// <param name="Format">Its format.</param>
/// <param name="Body">Its body, as it came.</param>
/// <param name="Head">What was read of it.</param>
public sealed record WireCall(WireFormat Format, ReadOnlyMemory<byte> Body, RequestHead Head)
{
    /// <summary>Headers that a provider of the same format wants to see (anthropic-version, anthropic-beta, openai-beta).</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>The id of the answer where it is made here, without a prefix.</summary>
    public required string Id { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The client's place in a trace (traceparent); null for none.</summary>
    public string? Trace { get; init; }

    /// <summary>Turns of the conversation before this request that only the gateway knows (previous_response_id).</summary>
    internal IReadOnlyList<WireTurn> Before { get; init; } = [];

    /// <summary>Finds an item of an earlier answer by its id; null when it is not known here.</summary>
    internal Func<string, WirePart?> Item { get; init; } = _ => null;

    /// <summary>Events go out as one JSON text each, not as server-sent events (WebSocket).</summary>
    internal bool IsSocket { get; init; }
}

/// <summary>What came of a request.</summary>
/// <param name="Status">The HTTP status that the client got.</param>
/// <param name="Response">The answer; null when there is none that is whole.</param>
/// <param name="Error">What went wrong; null when nothing did.</param>
public sealed record WireOutcome(int Status, ModelResponse? Response, string? Error)
{
    /// <summary>What the client was sent.</summary>
    public ReadOnlyMemory<byte> Sent { get; init; }

    /// <summary>Its content type.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>What went wrong, for those who decide on another attempt.</summary>
    public ModelErrorKind? Kind { get; init; }

    /// <summary>The tokens that the provider counted, also of an answer that was cut off.</summary>
    public ModelUsage Usage { get; init; }

    /// <summary>Their price; 0 when it is unknown.</summary>
    public decimal CostUsd { get; init; }

    /// <summary>The wait that the provider asked for.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The conversation with the answer, where the gateway has to remember it.</summary>
    internal IReadOnlyList<WireTurn>? Turns { get; init; }

    /// <summary>The client was gone before the answer was.</summary>
    public bool ClientLeft { get; init; }
}
