namespace Cairn.Models;

/// <summary>Why an answer ended.</summary>
internal enum WireStop
{
    Stop,
    Calls,
    Length,
    Refused,
}

/// <summary>Tokens as a provider counted them.</summary>
/// <param name="Input">Of the prompt, all of it.</param>
/// <param name="Output">Of the answer, reasoning included.</param>
/// <param name="Cached">The part of the prompt that came from the provider's cache.</param>
/// <param name="CacheWrites">The part of the prompt that was written to that cache.</param>
/// <param name="Reasoning">The part of the answer that was reasoning.</param>
internal readonly record struct WireUsage(long Input, long Output, long Cached = 0, long CacheWrites = 0, long Reasoning = 0);

/// <summary>What went wrong, in words that each format can carry.</summary>
/// <param name="Status">The HTTP status that fits.</param>
/// <param name="Code">invalid_request_error, rate_limit_error, api_error, …</param>
/// <param name="Message">For people.</param>
internal sealed record WireError(int Status, string Code, string Message)
{
    /// <summary>The provider's stream ended before the answer did.</summary>
    public static WireError Cut { get; } = new(502, "api_error", "The model's answer was cut off before it was complete.");
}

/// <summary>
/// Takes an answer while it comes, whatever format it comes in. Calls do not overlap: one ends before the next begins. An
/// answer is whole when <see cref="End"/> was called, and only then.
/// </summary>
internal interface IAnswerSink
{
    void Begin(string model);

    void Text(string text);

    void Refusal(string text) => Text(text);

    void Reasoning(string text);

    /// <summary>A piece of reasoning is over.</summary>
    void ReasoningDone(OpaqueReasoning? opaque);

    void CallBegin(string id, string name, bool custom);

    void CallArguments(string fragment);

    void CallEnd();

    void Usage(WireUsage usage);

    void End(WireStop stop);

    void Fail(WireError error);
}

/// <summary>Reads a provider's answer.</summary>
internal interface IAnswerDecoder
{
    /// <summary>Takes one event of a stream, or the whole answer.</summary>
    void Add(ReadOnlyMemory<byte> json);

    /// <summary>Nothing more comes: what is not whole by now is cut.</summary>
    void Complete();
}
