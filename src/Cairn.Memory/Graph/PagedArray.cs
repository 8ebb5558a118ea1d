namespace Cairn.Memory.Graph;

/// <summary>
/// An array whose versions share what did not change: three levels of pages, of which an edit copies one path. A fork
/// costs nothing, a change costs two pages.
/// </summary>
internal sealed class PagedArray<T>
{
    private const int Bits = 8;
    private const int Size = 1 << Bits;
    private const int Mask = Size - 1;

    private readonly Page<Page<T>>[] _root;

    private PagedArray(Page<Page<T>>[] root, int count)
    {
        _root = root;
        Count = count;
    }

    public static PagedArray<T> Empty { get; } = new([], 0);

    public int Count { get; }

    public ref readonly T this[int index] => ref _root[index >> (2 * Bits)].Items[(index >> Bits) & Mask].Items[index & Mask];

    public Builder Edit(object owner) => new(this, owner);

    /// <summary>Changes a version into the next one. Pages that bear its owner are its own and are changed in place.</summary>
    internal sealed class Builder(PagedArray<T> from, object owner)
    {
        private Page<Page<T>>[] _root = [.. from._root];

        public int Count { get; private set; } = from.Count;

        public ref readonly T this[int index] => ref _root[index >> (2 * Bits)].Items[(index >> Bits) & Mask].Items[index & Mask];

        /// <summary>The place of an element, to be written.</summary>
        public ref T Own(int index)
        {
            ref var high = ref _root[index >> (2 * Bits)];
            high = Owned(high);
            ref var low = ref high.Items[(index >> Bits) & Mask];
            low = Owned(low);
            return ref low.Items[index & Mask];
        }

        public int Add(T value)
        {
            var index = Count++;
            if (index >> (2 * Bits) == _root.Length)
            {
                _root = [.. _root, new(owner, new Page<T>[Size])];
            }

            ref var high = ref _root[index >> (2 * Bits)];
            high = Owned(high);
            high.Items[(index >> Bits) & Mask] ??= new(owner, new T[Size]);
            Own(index) = value;
            return index;
        }

        public PagedArray<T> ToArray() => new(_root, Count);

        private Page<TItem> Owned<TItem>(Page<TItem> page) =>
            ReferenceEquals(page.Owner, owner) ? page : new(owner, [.. page.Items]);
    }
}

/// <summary>A run of elements that versions share, and the edit that may still change it.</summary>
internal sealed class Page<T>(object owner, T[] items)
{
    public object Owner => owner;

    public T[] Items => items;
}
