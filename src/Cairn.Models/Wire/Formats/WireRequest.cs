using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>What a piece of a message is.</summary>
internal enum WirePartKind
{
    Text,
    Image,
    Call,
    Result,
    Reasoning,

    /// <summary>An item of an earlier answer, named by its id only.</summary>
    Reference,
}

/// <summary>A piece of a message in the shape that the three formats share.</summary>
internal sealed record WirePart(WirePartKind Kind)
{
    /// <summary>The text; of reasoning its readable summary.</summary>
    public string Text { get; init; } = "";

    /// <summary>Of a call or a result: the call's id.</summary>
    public string Id { get; init; } = "";

    /// <summary>Of a call: the tool's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Of a call: JSON text, or free text when the tool takes that.</summary>
    public string Arguments { get; init; } = "";

    /// <summary>Of a call or a result: the tool takes free text in place of JSON.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Of a result: the call failed.</summary>
    public bool IsError { get; init; }

    /// <summary>Of an image: an http(s) or data address.</summary>
    public string Url { get; init; } = "";

    /// <summary>Of a result: text and images.</summary>
    public IReadOnlyList<WirePart> Content { get; init; } = [];

    /// <summary>Of reasoning: what its provider wants back unchanged; null when nothing is.</summary>
    public OpaqueReasoning? Opaque { get; init; }

    public static WirePart OfText(string text) => new(WirePartKind.Text) { Text = text };
}

/// <summary>One message.</summary>
internal sealed record WireTurn(ChatRole Role, List<WirePart> Parts);

/// <summary>A tool as a client describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Schema">JSON Schema of its arguments; "" when it takes free text.</param>
/// <param name="Strict">Whether the schema is enforced; null when the client does not say.</param>
internal sealed record WireTool(string Name, string Description, string Schema, bool? Strict)
{
    public bool IsCustom => Schema.Length == 0;
}

/// <summary>Which tool the model must call.</summary>
/// <param name="Mode">auto, none, required, or tool.</param>
/// <param name="Name">The tool, for tool.</param>
internal sealed record WireToolChoice(string Mode, string Name = "");

/// <summary>A schema for the answer's text.</summary>
internal sealed record WireAnswerSchema(string Name, string Schema, bool? Strict);

/// <summary>A request in the shape that the three formats share. What no other format has is lost in translation, and only there.</summary>
internal sealed record WireRequest
{
    public string Model { get; set; } = "";

    public bool IsStream { get; set; }

    /// <summary>Chat Completions: the client wants the usage at the stream's end.</summary>
    public bool WantsUsage { get; set; }

    public List<WireTurn> Messages { get; init; } = [];

    public List<WireTool> Tools { get; init; } = [];

    public WireToolChoice? ToolChoice { get; set; }

    public bool? ParallelCalls { get; set; }

    public long? MaxTokens { get; set; }

    public double? Temperature { get; set; }

    public double? TopP { get; set; }

    public long? Seed { get; set; }

    public List<string> Stop { get; init; } = [];

    /// <summary>minimal, low, medium, high, …; "" when the client does not say.</summary>
    public string Effort { get; set; } = "";

    public WireAnswerSchema? AnswerSchema { get; set; }

    /// <summary>Responses: the answer that this request goes on from; "" for none.</summary>
    public string Previous { get; set; } = "";

    public void Add(ChatRole role, params IEnumerable<WirePart> parts) => Messages.Add(new(role, [.. parts]));
}

/// <summary>A request that cannot be read, or not be put into the backend's words. The text is for the client.</summary>
internal sealed class WireRequestException(string message, string parameter = "") : Exception(message)
{
    public string Parameter { get; } = parameter;
}
