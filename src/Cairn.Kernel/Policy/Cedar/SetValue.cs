using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>A set: without order, each value once.</summary>
internal sealed class SetValue : CedarValue
{
    /// <summary>Sets of more values than this are searched by hash.</summary>
    private const int Small = 8;

    private readonly HashSet<CedarValue>? _index;

    private SetValue(ImmutableArray<CedarValue> items, HashSet<CedarValue>? index)
    {
        Items = items;
        _index = index;
    }

    public ImmutableArray<CedarValue> Items { get; }

    public override string Type => "set";

    public static SetValue Of(ReadOnlySpan<CedarValue> items)
    {
        if (items.Length > Small)
        {
            var index = new HashSet<CedarValue>(items.Length);
            foreach (var item in items)
            {
                index.Add(item);
            }

            return new([.. index], index);
        }

        var distinct = ImmutableArray.CreateBuilder<CedarValue>(items.Length);
        foreach (var item in items)
        {
            if (!distinct.Contains(item))
            {
                distinct.Add(item);
            }
        }

        return new(distinct.DrainToImmutable(), null);
    }

    public bool Contains(CedarValue value) => _index is null ? Items.Contains(value) : _index.Contains(value);

    public bool ContainsAll(SetValue other)
    {
        foreach (var item in other.Items)
        {
            if (!Contains(item))
            {
                return false;
            }
        }

        return true;
    }

    public bool ContainsAny(SetValue other)
    {
        foreach (var item in other.Items)
        {
            if (Contains(item))
            {
                return true;
            }
        }

        return false;
    }

    public override bool Equals(CedarValue? other) => other is SetValue x && x.Items.Length == Items.Length && ContainsAll(x);

    public override int GetHashCode()
    {
        var sum = Items.Length;
        foreach (var item in Items)
        {
            sum += item.GetHashCode();
        }

        return sum;
    }

    public override string ToString() => $"[{string.Join(", ", Items)}]";
}
