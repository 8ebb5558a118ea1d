using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>A record: names and values.</summary>
public sealed class RecordValue : CedarValue
{
    private readonly ImmutableArray<string> _names;
    private readonly ImmutableArray<CedarValue> _values;

    private RecordValue(ImmutableArray<string> names, ImmutableArray<CedarValue> values)
    {
        _names = names;
        _values = values;
    }

    /// <summary>The record without anything in it.</summary>
    public static RecordValue Empty { get; } = new([], []);

    /// <inheritdoc/>
    public override string Type => "record";

    /// <summary>The names, in ordinal order.</summary>
    public ImmutableArray<string> Names => _names;

    /// <summary>The value of a name; null when it has none.</summary>
    public CedarValue? Find(string name)
    {
        for (var i = 0; i < _names.Length; i++)
        {
            if (_names[i] == name)
            {
                return _values[i];
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override bool Equals(CedarValue? other) =>
        other is RecordValue x && _names.AsSpan().SequenceEqual(x._names.AsSpan()) && _values.AsSpan().SequenceEqual(x._values.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        for (var i = 0; i < _names.Length; i++)
        {
            hash.Add(_names[i]);
            hash.Add(_values[i]);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{{{string.Join(", ", _names.Zip(_values, (n, v) => $"{CedarText.Quote(n)}: {v}"))}}}";

    /// <summary>A record of names that differ.</summary>
    internal static RecordValue Of(ReadOnlySpan<KeyValuePair<string, CedarValue>> items)
    {
        if (items.IsEmpty)
        {
            return Empty;
        }

        var names = new string[items.Length];
        var values = new CedarValue[items.Length];
        for (var i = 0; i < items.Length; i++)
        {
            (names[i], values[i]) = items[i];
        }

        Array.Sort(names, values, StringComparer.Ordinal);
        return new([.. names], [.. values]);
    }
}
