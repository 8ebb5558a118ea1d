using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>Names one tool call within its run. Assigned by the kernel, not by the model: two models may use the same id.</summary>
[JsonConverter(typeof(TextIdConverter<CallId>))]
public readonly record struct CallId : ITextId<CallId>
{
    /// <summary>The most characters that the text may have.</summary>
    public const int MaxLength = 64;

    private readonly string? _value;

    private CallId(string value) => _value = value;

    /// <inheritdoc/>
    public string Value => _value ?? "";

    /// <inheritdoc/>
    public static CallId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(TextIdRules.Check(text, MaxLength, "call id"));
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
