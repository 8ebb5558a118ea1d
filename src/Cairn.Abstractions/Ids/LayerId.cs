using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>Names one frozen layer of a copy-on-write workspace. A layer knows its parent, so one id names a whole stack.</summary>
[JsonConverter(typeof(TextIdConverter<LayerId>))]
public readonly record struct LayerId : ITextId<LayerId>
{
    /// <summary>The most characters that the text may have.</summary>
    public const int MaxLength = 48;

    private readonly string? _value;

    private LayerId(string value) => _value = value;

    /// <inheritdoc/>
    public string Value => _value ?? "";

    /// <inheritdoc/>
    public static LayerId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(TextIdRules.Check(text, MaxLength, "layer id"));
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
