using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>Names one run in a state directory. At most 16 ASCII characters, because journal records carry it in a fixed field.</summary>
[JsonConverter(typeof(TextIdConverter<RunId>))]
public readonly record struct RunId : ITextId<RunId>
{
    /// <summary>The most characters that the text may have.</summary>
    public const int MaxLength = 16;

    private readonly string? _value;

    private RunId(string value) => _value = value;

    /// <inheritdoc/>
    public string Value => _value ?? "";

    /// <inheritdoc/>
    public static RunId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(TextIdRules.Check(text, MaxLength, "run id"));
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
