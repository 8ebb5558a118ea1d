using System.Globalization;
using static Cairn.Memory.Cypher.CypherFunctions;

namespace Cairn.Memory.Cypher;

/// <summary>The functions of texts.</summary>
internal static class CypherTextFunctions
{
    public static void AddTo(Dictionary<string, CypherFunction> table)
    {
        table["tostring"] = One((e, v) => v switch
        {
            string => v,
            bool b => b ? "true" : "false",
            long n => n.ToString(CultureInfo.InvariantCulture),
            double n => CypherValues.Text(n),
            _ => throw Wrong(e, "toString", v),
        });
        table["tolower"] = table["lower"] = Text("toLower", s => s.ToLowerInvariant());
        table["toupper"] = table["upper"] = Text("toUpper", s => s.ToUpperInvariant());
        table["trim"] = Text("trim", s => s.Trim());
        table["ltrim"] = Text("ltrim", s => s.TrimStart());
        table["rtrim"] = Text("rtrim", s => s.TrimEnd());
        table["left"] = new(2, 2, (_, e, a) => a[0] is null ? null : Cut(e, "left", a[0], 0, Count(e, "left", a[1])));
        table["right"] = new(2, 2, (_, e, a) => a[0] is string s ? s[^(int)Math.Min(s.Length, Count(e, "right", a[1]))..] : a[0] is null ? null : throw Wrong(e, "right", a[0]!));
        table["substring"] = new(2, 3, (_, e, a) =>
            a[0] is null ? null : Cut(e, "substring", a[0], Count(e, "substring", a[1]), a.Length > 2 ? Count(e, "substring", a[2]) : int.MaxValue));
        table["replace"] = new(3, 3, Replace);
        table["split"] = new(2, 2, Split);
    }

    private static CypherFunction Text(string name, Func<string, string> change) => One((e, v) => v is string s ? change(s) : throw Wrong(e, name, v));

    private static long Count(Expr e, string function, object? value) => value switch
    {
        long number and >= 0 => number,
        long => throw new CypherException(CypherFault.Argument, "NegativeIntegerArgument", e.Offset, $"{function}() takes no negative number"),
        _ => throw e.Type($"{function}() takes a whole number here, not {Expr.Kind(value)}"),
    };

    private static string Cut(Expr e, string function, object? value, long from, long count)
    {
        var text = value as string ?? throw Wrong(e, function, value!);
        var start = (int)Math.Min(from, text.Length);
        return text.Substring(start, (int)Math.Min(count, text.Length - start));
    }

    private static object? Replace(Execution x, Expr e, object?[] a)
    {
        if (a is not [string text, string from, string to])
        {
            return a.Any(value => value is null) ? null : throw Wrong(e, "replace", a.First(value => value is not string)!);
        }

        if (from.Length == 0)
        {
            return text;
        }

        x.CheckLength((long)text.Length / from.Length * Math.Max(0, to.Length - from.Length) + text.Length, e.Offset);
        return text.Replace(from, to, StringComparison.Ordinal);
    }

    private static object? Split(Execution x, Expr e, object?[] a)
    {
        if (a is not [string text, string separator])
        {
            return a.Any(value => value is null) ? null : throw Wrong(e, "split", a.First(value => value is not string)!);
        }

        x.CheckLength(text.Length, e.Offset);
        return separator.Length == 0 ? text.Select(c => c.ToString()).ToList<object?>() : text.Split(separator).ToList<object?>();
    }
}
