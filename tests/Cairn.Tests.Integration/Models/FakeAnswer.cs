namespace Cairn.Tests.Integration.Models;

/// <summary>An answer that every provider can give in its own wire format.</summary>
internal sealed record FakeAnswer
{
    /// <summary>The text, in the pieces in which it streams.</summary>
    public string[] Text { get; init; } = [];

    public FakeCall[] Calls { get; init; } = [];

    public FinishReason Finish { get; init; } = FinishReason.Stop;

    public ModelUsage Usage { get; init; } = new(100, 20);
}

/// <summary>A tool call whose arguments come in fragments.</summary>
internal sealed record FakeCall(string Id, string Name, params string[] Fragments);
