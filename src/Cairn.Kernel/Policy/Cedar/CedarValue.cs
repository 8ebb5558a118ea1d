using System.Globalization;

namespace Cairn.Kernel.Cedar;

/// <summary>A value of the Cedar language. Immutable; equality is by what it is, not by how it was written.</summary>
public abstract class CedarValue : IEquatable<CedarValue>
{
    private protected CedarValue()
    {
    }

    /// <summary>The type's name, for messages.</summary>
    public abstract string Type { get; }

    /// <summary>A Boolean.</summary>
    public static CedarValue Of(bool value) => value ? BoolValue.True : BoolValue.False;

    /// <summary>A 64-bit integer.</summary>
    public static CedarValue Of(long value) => new LongValue(value);

    /// <summary>A text.</summary>
    public static CedarValue Of(string value) => new StringValue(value);

    /// <summary>An entity.</summary>
    public static CedarValue Of(EntityUid value) => new EntityValue(value);

    /// <summary>A set.</summary>
    public static CedarValue Set(params ReadOnlySpan<CedarValue> items) => SetValue.Of(items);

    /// <summary>A record.</summary>
    public static RecordValue Record(params ReadOnlySpan<KeyValuePair<string, CedarValue>> items) => RecordValue.Of(items);

    /// <inheritdoc/>
    public abstract bool Equals(CedarValue? other);

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj) => Equals(obj as CedarValue);

    /// <inheritdoc/>
    public abstract override int GetHashCode();
}

/// <summary>true or false.</summary>
internal sealed class BoolValue : CedarValue
{
    public static readonly BoolValue True = new(true);

    public static readonly BoolValue False = new(false);

    private BoolValue(bool value) => Value = value;

    public bool Value { get; }

    public override string Type => "bool";

    public override bool Equals(CedarValue? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Value ? 1 : 2;

    public override string ToString() => Value ? "true" : "false";
}

/// <summary>A 64-bit integer.</summary>
internal sealed class LongValue(long value) : CedarValue
{
    public long Value { get; } = value;

    public override string Type => "long";

    public override bool Equals(CedarValue? other) => other is LongValue x && x.Value == Value;

    public override int GetHashCode() => Value.GetHashCode();

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A text.</summary>
internal sealed class StringValue(string value) : CedarValue
{
    public string Value { get; } = value;

    public override string Type => "string";

    public override bool Equals(CedarValue? other) => other is StringValue x && x.Value == Value;

    public override int GetHashCode() => string.GetHashCode(Value, StringComparison.Ordinal);

    public override string ToString() => CedarText.Quote(Value);
}

/// <summary>An entity, by name: what is known of it stands among the entities.</summary>
internal sealed class EntityValue(EntityUid uid) : CedarValue
{
    public EntityUid Uid { get; } = uid;

    public override string Type => "entity";

    public override bool Equals(CedarValue? other) => other is EntityValue x && x.Uid == Uid;

    public override int GetHashCode() => Uid.GetHashCode();

    public override string ToString() => Uid.ToString();
}
