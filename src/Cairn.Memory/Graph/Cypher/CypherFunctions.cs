using System.Globalization;
using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>A function of queries.</summary>
/// <param name="Least">The least number of arguments.</param>
/// <param name="Most">The most.</param>
/// <param name="Call">Does it.</param>
internal sealed record CypherFunction(int Least, int Most, Func<Execution, Expr, object?[], object?> Call);

/// <summary>The functions that are not aggregations, by their names in lower case.</summary>
internal static class CypherFunctions
{
    private static readonly Dictionary<string, CypherFunction> Table = Make();

    public static CypherFunction? Find(string name) => Table.GetValueOrDefault(name.ToLowerInvariant());

    public static IEnumerable<string> Names => Table.Keys;

    public static double ToDouble(object value) => value is long whole ? whole : (double)value;

    private static Dictionary<string, CypherFunction> Make()
    {
        var table = new Dictionary<string, CypherFunction>(StringComparer.Ordinal)
        {
            ["coalesce"] = new(1, int.MaxValue, (_, _, a) => a.FirstOrDefault(value => value is not null)),
            ["rand"] = new(0, 0, (x, _, _) => x.NextChance()),
            ["range"] = new(2, 3, Range),
            ["e"] = new(0, 0, (_, _, _) => Math.E),
            ["pi"] = new(0, 0, (_, _, _) => Math.PI),
            ["atan2"] = new(2, 2, (_, e, a) => a[0] is null || a[1] is null ? null : Math.Atan2(Number(e, a[0]!), Number(e, a[1]!))),
        };
        OfGraph(table);
        OfLists(table);
        OfNumbers(table);
        CypherTextFunctions.AddTo(table);
        return table;
    }

    /// <summary>A function of one argument that is null of null.</summary>
    internal static CypherFunction One(Func<Expr, object, object?> call) => new(1, 1, (_, e, a) => a[0] is { } value ? call(e, value) : null);

    private static void OfGraph(Dictionary<string, CypherFunction> table)
    {
        table["id"] = One((e, v) => v switch { GraphNode n => (long)n.Id, GraphEdge r => (long)r.Id, _ => throw Wrong(e, "id", v) });
        table["labels"] = One((e, v) => v is GraphNode n ? n.Labels.ToList<object?>() : throw Wrong(e, "labels", v));
        table["type"] = One((e, v) => v is GraphEdge r ? r.Type : throw Wrong(e, "type", v));
        table["startnode"] = One((e, v) => v is GraphEdge r ? r.From : throw Wrong(e, "startNode", v));
        table["endnode"] = One((e, v) => v is GraphEdge r ? r.To : throw Wrong(e, "endNode", v));
        table["nodes"] = One((e, v) => v is GraphPath p ? p.Nodes.ToList<object?>() : throw Wrong(e, "nodes", v));
        table["relationships"] = One((e, v) => v is GraphPath p ? p.Edges.ToList<object?>() : throw Wrong(e, "relationships", v));
        table["length"] = One((e, v) => v is GraphPath p ? (long)p.Length : throw Wrong(e, "length", v));
        table["properties"] = One((e, v) => Map(v) ?? throw Wrong(e, "properties", v));
        table["keys"] = One((e, v) => (Map(v) ?? throw Wrong(e, "keys", v)).Keys.Order(StringComparer.Ordinal).ToList<object?>());
        table["exists"] = new(1, 1, (_, _, a) => CypherValues.Of(a[0] is not null));
    }

    private static void OfLists(Dictionary<string, CypherFunction> table)
    {
        table["size"] = One((e, v) => v switch { List<object?> l => (long)l.Count, string s => (long)s.Length, Dictionary<string, object?> m => (long)m.Count, _ => throw Wrong(e, "size", v) });
        table["head"] = One((e, v) => v is List<object?> l ? l.FirstOrDefault() : throw Wrong(e, "head", v));
        table["last"] = One((e, v) => v is List<object?> l ? l.LastOrDefault() : throw Wrong(e, "last", v));
        table["tail"] = One((e, v) => v is List<object?> l ? l.Skip(1).ToList() : throw Wrong(e, "tail", v));
        table["isempty"] = One((e, v) => v switch { List<object?> l => l.Count == 0, string s => s.Length == 0, Dictionary<string, object?> m => m.Count == 0, _ => throw Wrong(e, "isEmpty", v) });
        table["reverse"] = One((e, v) => v switch
        {
            List<object?> l => Enumerable.Reverse(l).ToList(),
            string s => string.Concat(Enumerable.Reverse(s)),
            _ => throw Wrong(e, "reverse", v),
        });
    }

    private static void OfNumbers(Dictionary<string, CypherFunction> table)
    {
        table["abs"] = One((e, v) => v is long n ? (object)Math.Abs(n) : Math.Abs(Number(e, v)));
        table["sign"] = One((e, v) => (long)Math.Sign(Number(e, v)));
        table["ceil"] = One((e, v) => Math.Ceiling(Number(e, v)));
        table["floor"] = One((e, v) => Math.Floor(Number(e, v)));
        table["round"] = One((e, v) => Math.Floor(Number(e, v) + 0.5));
        var plain = new (string Name, Func<double, double> Function)[]
        {
            ("sqrt", Math.Sqrt), ("exp", Math.Exp), ("log", Math.Log), ("log10", Math.Log10), ("sin", Math.Sin), ("cos", Math.Cos), ("tan", Math.Tan),
            ("asin", Math.Asin), ("acos", Math.Acos), ("atan", Math.Atan), ("cot", v => 1 / Math.Tan(v)), ("degrees", v => v * 180 / Math.PI), ("radians", v => v * Math.PI / 180),
        };
        foreach (var (name, function) in plain)
        {
            table[name] = One((e, v) => function(Number(e, v)));
        }

        table["tointeger"] = One((e, v) => v switch
        {
            long => v,
            double n => double.IsFinite(n) && Math.Abs(n) < 9.2e18 ? (long)n : null,
            string s => long.TryParse(s, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n
                : double.TryParse(s, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) && Math.Abs(d) < 9.2e18 ? (long)d : null,
            bool b => b ? 1L : 0L,
            _ => throw Wrong(e, "toInteger", v),
        });
        table["tofloat"] = One((e, v) => v switch
        {
            double => v,
            long n => (double)n,
            string s => double.TryParse(s, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) ? n : null,
            _ => throw Wrong(e, "toFloat", v),
        });
        table["toboolean"] = One((e, v) => v switch
        {
            bool => v,
            long n => CypherValues.Of(n != 0),
            string s => bool.TryParse(s, out var b) && s.Trim() == s ? CypherValues.Of(b) : null,
            _ => throw Wrong(e, "toBoolean", v),
        });
    }

    internal static CypherException Wrong(Expr e, string function, object value) =>
        new(CypherFault.Type, "InvalidArgumentValue", e.Offset, $"{function}() takes no argument that is {Expr.Kind(value)}");

    private static double Number(Expr e, object value) => value is long or double ? ToDouble(value) : throw e.Type($"a number is needed, and this is {Expr.Kind(value)}");

    private static Dictionary<string, object?>? Map(object value) => value switch
    {
        Dictionary<string, object?> map => map,
        GraphNode node => (Dictionary<string, object?>)node.Properties,
        GraphEdge edge => (Dictionary<string, object?>)edge.Properties,
        _ => null,
    };

    private static object? Range(Execution x, Expr e, object?[] a)
    {
        if (a[0] is not long from || a[1] is not long to || (a.Length > 2 ? a[2] : 1L) is not long step)
        {
            throw new CypherException(CypherFault.Argument, "InvalidArgumentType", e.Offset, "range() takes whole numbers");
        }

        if (step == 0)
        {
            throw new CypherException(CypherFault.Argument, "NumberOutOfRange", e.Offset, "the step of range() must not be 0");
        }

        var count = step > 0 ? (to < from ? 0 : ((Int128)to - from) / step + 1) : from < to ? 0 : ((Int128)from - to) / -(Int128)step + 1;
        x.CheckLength((long)Int128.Min(count, long.MaxValue), e.Offset);
        var values = new List<object?>((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            values.Add(from + (i * step));
        }

        return values;
    }
}
