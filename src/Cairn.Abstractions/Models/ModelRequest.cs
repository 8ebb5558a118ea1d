using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>Who speaks in a chat message.</summary>
public enum ChatRole
{
    /// <summary>Instructions of the operator.</summary>
    System,

    /// <summary>The task, or a note of the kernel to the model.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,

    /// <summary>The result of a tool call.</summary>
    Tool,
}

/// <summary>One message of a prompt, in the shape that all chat wire formats share.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Text">The text; empty when an assistant message only calls tools.</param>
public sealed record ChatMessage(ChatRole Role, string Text)
{
    /// <summary>The tool calls of an assistant message, in the order in which the model made them.</summary>
    public ImmutableArray<ModelToolCall> ToolCalls { get; init; } = [];

    /// <summary>For a tool message: the id of the call that it answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>For a tool message: the call failed, was denied or was invalid.</summary>
    public bool IsError { get; init; }

    /// <summary>Reasoning items that a provider wants back verbatim (opaque JSON); null when there are none.</summary>
    public string? Reasoning { get; init; }
}

/// <summary>A tool call as the model wrote it.</summary>
/// <param name="Id">The provider's id for the call.</param>
/// <param name="Name">The tool's name.</param>
/// <param name="Arguments">The arguments, as the JSON text that the model wrote; it may be invalid.</param>
public sealed record ModelToolCall(string Id, string Name, string Arguments);

/// <summary>What a model is told about a tool.</summary>
/// <param name="Name">The name to call it by.</param>
/// <param name="Description">What it does, for the model.</param>
/// <param name="Schema">JSON Schema of the arguments; strict: every property is required or nullable, none may be added.</param>
public sealed record ToolDefinition(string Name, string Description, string Schema);

/// <summary>A schema that the text of an answer must fit.</summary>
/// <param name="Name">Names it on the wire: letters, digits, _ and -.</param>
/// <param name="Schema">JSON Schema of an object.</param>
public sealed record AnswerSchema(string Name, string Schema);

/// <summary>A question to a model. Equal requests have equal canonical JSON, and so equal hashes.</summary>
public sealed record ModelRequest
{
    /// <summary>The model's name as its provider knows it, without the provider's prefix.</summary>
    public required string Model { get; init; }

    /// <summary>The prompt.</summary>
    public required ImmutableArray<ChatMessage> Messages { get; init; }

    /// <summary>The tools that may be called; their order never changes within a run.</summary>
    public ImmutableArray<ToolDefinition> Tools { get; init; } = [];

    /// <summary>The most tokens that the answer may have.</summary>
    public required int MaxOutputTokens { get; init; }

    /// <summary>Sampling temperature; 0 asks for the most likely token.</summary>
    public double Temperature { get; init; }

    /// <summary>Nucleus sampling; 1 switches it off.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Sampling seed for providers that take one.</summary>
    public long? Seed { get; init; }

    /// <summary>
    /// The schema that the answer's text must fit; null for free text. It is sent to providers that know schemas; whether the
    /// answer fits is for the one who asks to check.
    /// </summary>
    public AnswerSchema? AnswerSchema { get; init; }

    /// <summary>Ask for the log-probabilities of the answer's tokens, where they are offered. It changes no answer, so it is no part of the prompt.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Logprobs { get; init; }
}
