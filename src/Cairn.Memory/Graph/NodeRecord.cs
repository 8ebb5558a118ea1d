namespace Cairn.Memory.Graph;

/// <summary>One end of a relationship as its node sees it.</summary>
internal readonly record struct Link(int Type, int Other, int Edge);

/// <summary>A relationship. <see cref="Type"/> is -1 where a relationship was removed.</summary>
internal readonly record struct EdgeRecord(int From, int To, int Type, PropertyBag Properties)
{
    public static EdgeRecord None { get; } = new(-1, -1, -1, PropertyBag.Empty);
}

/// <summary>A node with its adjacency. Immutable once its edit is committed.</summary>
internal sealed class NodeRecord(object owner, int[] labels, PropertyBag properties)
{
    private Link[] _out = [];
    private Link[] _in = [];
    private int _outCount;
    private int _inCount;

    public object Owner => owner;

    /// <summary>Numbers of the labels, in the order in which they were given.</summary>
    public int[] Labels { get; } = labels;

    public PropertyBag Properties { get; } = properties;

    public ReadOnlySpan<Link> Out => _out.AsSpan(0, _outCount);

    public ReadOnlySpan<Link> In => _in.AsSpan(0, _inCount);

    public bool Has(int label) => Array.IndexOf(Labels, label) >= 0;

    /// <summary>A copy that an edit may change.</summary>
    public NodeRecord CopyFor(object newOwner, PropertyBag? newProperties) =>
        new(newOwner, Labels, newProperties ?? Properties) { _out = Out.ToArray(), _in = In.ToArray(), _outCount = _outCount, _inCount = _inCount };

    public void AddOut(Link link) => Add(ref _out, ref _outCount, link);

    public void AddIn(Link link) => Add(ref _in, ref _inCount, link);

    public void RemoveOut(int edge) => Remove(_out, ref _outCount, edge);

    public void RemoveIn(int edge) => Remove(_in, ref _inCount, edge);

    private static void Add(ref Link[] links, ref int count, Link link)
    {
        if (count == links.Length)
        {
            Array.Resize(ref links, Math.Max(2, count * 2));
        }

        links[count++] = link;
    }

    private static void Remove(Link[] links, ref int count, int edge)
    {
        for (var i = 0; i < count; i++)
        {
            if (links[i].Edge == edge)
            {
                // Order is kept, so that answers without ORDER BY stay the same from one version to the next.
                Array.Copy(links, i + 1, links, i, count - i - 1);
                count--;
                return;
            }
        }
    }
}
