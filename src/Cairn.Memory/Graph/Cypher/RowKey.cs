namespace Cairn.Memory.Cypher;

/// <summary>Values as a key of grouping and DISTINCT: null is the same as null there, and 1 as 1.0.</summary>
internal sealed class RowKey : IEqualityComparer<object?[]>, IEqualityComparer<object?>
{
    public static RowKey Instance { get; } = new();

    public bool Equals(object?[]? x, object?[]? y)
    {
        for (var i = 0; i < x!.Length; i++)
        {
            if (!Same(x[i], y![i]))
            {
                return false;
            }
        }

        return true;
    }

    public int GetHashCode(object?[] obj)
    {
        var hash = new HashCode();
        foreach (var value in obj)
        {
            hash.Add(Hash(value));
        }

        return hash.ToHashCode();
    }

    bool IEqualityComparer<object?>.Equals(object? x, object? y) => Same(x, y);

    int IEqualityComparer<object?>.GetHashCode(object? obj) => Hash(obj);

    private static bool Same(object? x, object? y) => (x, y) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (string a, string b) => a == b,
        (Graph.GraphNode a, Graph.GraphNode b) => a.Id == b.Id,
        _ => CypherValues.Order(x, y) == 0,
    };

    private static int Hash(object? value)
    {
        switch (value)
        {
            case Graph.GraphNode node:
                return node.Id;
            case long number:
                return ((double)number).GetHashCode();
            case List<object?> items:
                var list = new HashCode();
                items.ForEach(item => list.Add(Hash(item)));
                return list.ToHashCode();
            case Dictionary<string, object?> map:
                return map.Sum(pair => pair.Key.GetHashCode(StringComparison.Ordinal) & 0xFFFF);
            default:
                return value?.GetHashCode() ?? 0;
        }
    }
}
