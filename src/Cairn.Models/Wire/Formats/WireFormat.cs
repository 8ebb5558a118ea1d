namespace Cairn.Models;

/// <summary>The ways in which models are asked over HTTP.</summary>
public enum WireFormat
{
    /// <summary>OpenAI Chat Completions.</summary>
    Chat,

    /// <summary>OpenAI Responses.</summary>
    Responses,

    /// <summary>Anthropic Messages.</summary>
    Messages,
}
