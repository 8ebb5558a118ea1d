using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>Names one question to a human within its run.</summary>
[JsonConverter(typeof(TextIdConverter<DecisionId>))]
public readonly record struct DecisionId : ITextId<DecisionId>
{
    /// <summary>The most characters that the text may have.</summary>
    public const int MaxLength = 16;

    private readonly string? _value;

    private DecisionId(string value) => _value = value;

    /// <inheritdoc/>
    public string Value => _value ?? "";

    /// <inheritdoc/>
    public static DecisionId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(TextIdRules.Check(text, MaxLength, "decision id"));
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
