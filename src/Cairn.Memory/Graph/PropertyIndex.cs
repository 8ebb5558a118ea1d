using System.Collections.Immutable;

namespace Cairn.Memory.Graph;

/// <summary>The nodes by the text of one property, as one version of a graph has them.</summary>
internal sealed class PropertyIndex(ImmutableDictionary<string, IdList> lists)
{
    public static PropertyIndex Empty { get; } = new(ImmutableDictionary.Create<string, IdList>(StringComparer.Ordinal));

    public int[] Find(string value) => lists.TryGetValue(value, out var ids) ? ids.ToArray() : [];

    public int CountOf(string value) => lists.TryGetValue(value, out var ids) ? ids.Count : 0;

    public Builder Edit(object owner) => new(lists.ToBuilder(), owner);

    /// <summary>Changes a version into the next one.</summary>
    internal sealed class Builder(ImmutableDictionary<string, IdList>.Builder lists, object owner)
    {
        public int[] Find(string value) => lists.TryGetValue(value, out var ids) ? ids.ToArray() : [];

        public void Add(string value, int id)
        {
            if (!lists.TryGetValue(value, out var ids) || !ReferenceEquals(ids.Owner, owner))
            {
                lists[value] = ids = new IdList(owner, ids);
            }

            ids.Add(id);
        }

        public void Remove(string value, int id)
        {
            if (!lists.TryGetValue(value, out var ids))
            {
                return;
            }

            if (ids.Count == 1)
            {
                lists.Remove(value);
                return;
            }

            if (!ReferenceEquals(ids.Owner, owner))
            {
                lists[value] = ids = new IdList(owner, ids);
            }

            ids.Remove(id);
        }

        public PropertyIndex ToIndex() => new(lists.ToImmutable());
    }
}

/// <summary>Numbers of nodes, in the order in which they came.</summary>
internal sealed class IdList(object owner, IdList? from)
{
    private int[] _ids = from?.ToArray() ?? [];

    public object Owner => owner;

    public int Count { get; private set; } = from?.Count ?? 0;

    public int[] ToArray() => _ids.AsSpan(0, Count).ToArray();

    public void Add(int id)
    {
        if (Count == _ids.Length)
        {
            Array.Resize(ref _ids, Math.Max(1, Count * 2));
        }

        _ids[Count++] = id;
    }

    public void Remove(int id)
    {
        var at = Array.IndexOf(_ids, id, 0, Count);
        if (at >= 0)
        {
            Array.Copy(_ids, at + 1, _ids, at, Count - at - 1);
            Count--;
        }
    }
}
