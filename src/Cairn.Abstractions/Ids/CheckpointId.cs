using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>Names a checkpoint within its run: c0 is the run's start, c1 the first after it.</summary>
[JsonConverter(typeof(TextIdConverter<CheckpointId>))]
public readonly record struct CheckpointId : ITextId<CheckpointId>
{
    /// <summary>The most characters that the text may have.</summary>
    public const int MaxLength = 16;

    private readonly string? _value;

    private CheckpointId(string value) => _value = value;

    /// <inheritdoc/>
    public string Value => _value ?? "";

    /// <inheritdoc/>
    public static CheckpointId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(TextIdRules.Check(text, MaxLength, "checkpoint id"));
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
