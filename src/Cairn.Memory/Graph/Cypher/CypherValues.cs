using System.Collections;
using System.Globalization;
using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>
/// Equality, comparison and order of values. A value is null, bool, long, double, string, a list, a map, a node, a
/// relationship or a path.
/// </summary>
internal static class CypherValues
{
    public static readonly object True = true;
    public static readonly object False = false;

    public static object Of(bool value) => value ? True : False;

    public static object? Of(bool? value) => value is { } known ? Of(known) : null;

    /// <summary>The equality of `=`: null when it cannot be known.</summary>
    public static bool? AreEqual(object? x, object? y)
    {
        switch (x, y)
        {
            case (null, _) or (_, null):
                return null;
            case (long a, long b):
                return a == b;
            case (long or double, long or double):
                return CompareNumbers(x, y) == 0 && !IsNaN(x) && !IsNaN(y);
            case (List<object?> a, List<object?> b):
                return a.Count == b.Count ? All(a.Select((item, i) => AreEqual(item, b[i]))) : false;
            case (Dictionary<string, object?> a, Dictionary<string, object?> b):
                return a.Count == b.Count && a.Keys.All(b.ContainsKey) ? All(a.Select(pair => AreEqual(pair.Value, b[pair.Key]))) : false;
            default:
                return x.Equals(y);
        }
    }

    /// <summary>The comparison of `&lt;`: null when the values have no order among each other.</summary>
    public static int? Compare(object? x, object? y)
    {
        switch (x, y)
        {
            case (long or double, long or double):
                return IsNaN(x) || IsNaN(y) ? null : CompareNumbers(x, y);
            case (string a, string b):
                return Math.Sign(string.CompareOrdinal(a, b));
            case (bool a, bool b):
                return a.CompareTo(b);
            case (List<object?> a, List<object?> b):
                for (var i = 0; i < Math.Min(a.Count, b.Count); i++)
                {
                    if (AreEqual(a[i], b[i]) is not true)
                    {
                        return a[i] is null || b[i] is null ? null : Compare(a[i], b[i]);
                    }
                }

                return a.Count.CompareTo(b.Count);
            default:
                return null;
        }
    }

    /// <summary>The order of ORDER BY, min and max: any two values have one, null comes last.</summary>
    public static int Order(object? x, object? y)
    {
        var (a, b) = (Rank(x), Rank(y));
        if (a != b)
        {
            return a.CompareTo(b);
        }

        return (x, y) switch
        {
            (null, null) => 0,
            (string s, string t) => string.CompareOrdinal(s, t),
            (bool s, bool t) => s.CompareTo(t),
            (List<object?> s, List<object?> t) => OrderItems(s, t),
            (Dictionary<string, object?> s, Dictionary<string, object?> t) => OrderMaps(s, t),
            (GraphNode s, GraphNode t) => s.Id.CompareTo(t.Id),
            (GraphEdge s, GraphEdge t) => s.Id.CompareTo(t.Id),
            (GraphPath s, GraphPath t) => OrderItems([.. s.Nodes, .. s.Edges], [.. t.Nodes, .. t.Edges]),
            _ => IsNaN(x) || IsNaN(y) ? IsNaN(x).CompareTo(IsNaN(y)) : CompareNumbers(x!, y!),
        };
    }

    /// <summary>A whole number in the form in which queries write it; fractions always have a point or an exponent.</summary>
    public static string Text(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }

        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text;
    }

    /// <summary>Takes values of .NET as values of a query: parameters, above all.</summary>
    /// <exception cref="ArgumentException">When there is no such value in a query.</exception>
    public static object? From(object? value) => value switch
    {
        null or bool or long or double or string or GraphNode or GraphEdge or GraphPath => value,
        int number => (long)number,
        float number => (double)number,
        IReadOnlyDictionary<string, object?> map => map.ToDictionary(pair => pair.Key, pair => From(pair.Value), StringComparer.Ordinal),
        IEnumerable items => items.Cast<object?>().Select(From).ToList(),
        _ => throw new ArgumentException($"A query takes no value of type {value.GetType().Name}."),
    };

    private static bool IsNaN(object? value) => value is double number && double.IsNaN(number);

    private static bool? All(IEnumerable<bool?> parts)
    {
        bool? all = true;
        foreach (var part in parts)
        {
            if (part is false)
            {
                return false;
            }

            all = part is null ? null : all;
        }

        return all;
    }

    private static int CompareNumbers(object x, object y) => (x, y) switch
    {
        (long a, long b) => a.CompareTo(b),
        (double a, double b) => a.CompareTo(b),
        (long a, double b) => CompareMixed(a, b),
        (double a, long b) => -CompareMixed(b, a),
        _ => 0,
    };

    // A fraction of 64 bits cannot hold every whole number of 64 bits: beyond 2^53 the fraction is made whole instead.
    private static int CompareMixed(long a, double b)
    {
        if (Math.Abs(b) >= 9.2e18 || Math.Abs(b) < 1L << 53)
        {
            return ((double)a).CompareTo(b);
        }

        return a.CompareTo((long)b);
    }

    private static int Rank(object? value) => value switch
    {
        Dictionary<string, object?> => 0,
        GraphNode => 1,
        GraphEdge => 2,
        List<object?> => 3,
        GraphPath => 4,
        string => 5,
        bool => 6,
        long or double => 7,
        _ => 8,
    };

    private static int OrderItems(List<object?> x, List<object?> y)
    {
        for (var i = 0; i < Math.Min(x.Count, y.Count); i++)
        {
            if (Order(x[i], y[i]) is var order and not 0)
            {
                return order;
            }
        }

        return x.Count.CompareTo(y.Count);
    }

    private static int OrderMaps(Dictionary<string, object?> x, Dictionary<string, object?> y)
    {
        var (a, b) = (x.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList(), y.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList());
        for (var i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            var order = string.CompareOrdinal(a[i].Key, b[i].Key);
            order = order != 0 ? order : Order(a[i].Value, b[i].Value);
            if (order != 0)
            {
                return order;
            }
        }

        return a.Count.CompareTo(b.Count);
    }
}
