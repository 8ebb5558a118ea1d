namespace Cairn.Memory.Cypher;

/// <summary>-x</summary>
internal sealed class NegateExpr(int offset, Expr operand) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => [operand];

    public override object? Evaluate(Execution x, object?[] row) => operand.Evaluate(x, row) switch
    {
        null => null,
        long.MinValue => throw new CypherException(CypherFault.Arithmetic, "IntegerOverflow", Offset, "the result does not fit into 64 bits"),
        long number => -number,
        double number => 0.0 - number,
        var other => throw Type($"{Kind(other)} has no negative"),
    };
}

/// <summary>x[i]</summary>
internal sealed class IndexExpr(int offset, Expr target, Expr index) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => [target, index];

    public override object? Evaluate(Execution x, object?[] row)
    {
        var (value, at) = (target.Evaluate(x, row), index.Evaluate(x, row));
        if (value is null || at is null)
        {
            return null;
        }

        switch (value, at)
        {
            case (List<object?> list, long i):
                i = i < 0 ? i + list.Count : i;
                return i >= 0 && i < list.Count ? list[(int)i] : null;
            case (List<object?>, _):
                throw Type($"a list's element is named by a whole number, not by {Kind(at)}");
            case (Dictionary<string, object?> map, string name):
                return map.GetValueOrDefault(name);
            case (Graph.GraphNode node, string name):
                return node[name];
            case (Graph.GraphEdge edge, string name):
                return edge[name];
            default:
                throw new CypherException(
                    CypherFault.Type, value is Dictionary<string, object?> ? "MapElementAccessByNonString" : "InvalidArgumentType", Offset, $"{Kind(value)} has no element that is named by {Kind(at)}");
        }
    }
}

/// <summary>x[i..j]</summary>
internal sealed class SliceExpr(int offset, Expr target, Expr? from, Expr? to) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => new[] { target, from, to }.OfType<Expr>();

    public override object? Evaluate(Execution x, object?[] row)
    {
        if (target.Evaluate(x, row) is not { } value)
        {
            return null;
        }

        if (value is not List<object?> list)
        {
            throw Type($"{Kind(value)} has no slices");
        }

        if (Bound(from, 0L) is not { } first || Bound(to, (long)list.Count) is not { } last)
        {
            return null;
        }

        var (i, j) = ((int)first, (int)last);
        return i < j ? list.GetRange(i, j - i) : [];

        long? Bound(Expr? bound, long otherwise) => (bound is null ? otherwise : bound.Evaluate(x, row)) switch
        {
            null => null,
            long number => Math.Clamp(number < 0 ? number + list.Count : number, 0, list.Count),
            var other => throw Type($"a slice's bound is a whole number, not {Kind(other)}"),
        };
    }
}

/// <summary>What is asked of the elements of a list.</summary>
internal enum Quantifier
{
    Any,
    All,
    None,
    Single,
}

/// <summary>any(x IN list WHERE …) and its kin, in three values.</summary>
internal sealed class QuantifierExpr(int offset, Quantifier quantifier, int slot, Expr list, Expr condition) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => [list, condition];

    public override void Needs(ISet<int> slots) => Local.Needs(slots, slot, list, condition);

    public override object? Evaluate(Execution x, object?[] row)
    {
        if (Local.Items(x, this, list.Evaluate(x, row)) is not { } items)
        {
            return null;
        }

        var (yes, unknown) = (0, 0);
        foreach (var item in items)
        {
            row[slot] = item;
            var holds = condition.Test(x, row);
            yes += holds is true ? 1 : 0;
            unknown += holds is null ? 1 : 0;
            if (quantifier is Quantifier.Any && holds is true)
            {
                return CypherValues.True;
            }

            if ((quantifier is Quantifier.All && holds is false) || (quantifier is Quantifier.None && holds is true) || (quantifier is Quantifier.Single && yes > 1))
            {
                return CypherValues.False;
            }
        }

        return unknown > 0 ? null : CypherValues.Of(quantifier switch
        {
            Quantifier.Any => false,
            Quantifier.Single => yes == 1,
            _ => true,
        });
    }
}

/// <summary>[x IN list WHERE … | …]</summary>
internal sealed class ListComprehensionExpr(int offset, int slot, Expr list, Expr? condition, Expr? result) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => new[] { list, condition, result }.OfType<Expr>();

    public override void Needs(ISet<int> slots) => Local.Needs(slots, slot, list, condition, result);

    public override object? Evaluate(Execution x, object?[] row)
    {
        if (Local.Items(x, this, list.Evaluate(x, row)) is not { } items)
        {
            return null;
        }

        var values = new List<object?>();
        foreach (var item in items)
        {
            row[slot] = item;
            if (condition is null || condition.Test(x, row) is true)
            {
                values.Add(result is null ? item : result.Evaluate(x, row));
            }
        }

        return values;
    }
}

/// <summary>reduce(sum = start, x IN list | …)</summary>
internal sealed class ReduceExpr(int offset, int sumSlot, Expr start, int slot, Expr list, Expr step) : Expr(offset)
{
    public override IEnumerable<Expr> Parts => [start, list, step];

    public override void Needs(ISet<int> slots)
    {
        var inner = new HashSet<int>();
        Local.Needs(inner, slot, list, step);
        inner.Remove(sumSlot);
        start.Needs(inner);
        slots.UnionWith(inner);
    }

    public override object? Evaluate(Execution x, object?[] row)
    {
        if (Local.Items(x, this, list.Evaluate(x, row)) is not { } items)
        {
            return null;
        }

        var sum = start.Evaluate(x, row);
        foreach (var item in items)
        {
            row[sumSlot] = sum;
            row[slot] = item;
            sum = step.Evaluate(x, row);
        }

        return sum;
    }
}

/// <summary>What expressions with a variable of their own share.</summary>
internal static class Local
{
    public static List<object?>? Items(Execution x, Expr of, object? value)
    {
        if (value is not (null or List<object?>))
        {
            throw of.Type($"a list is needed here, and this is {Expr.Kind(value)}");
        }

        var items = (List<object?>?)value;
        x.Charge(items?.Count ?? 0);
        return items;
    }

    public static void Needs(ISet<int> slots, int own, params ReadOnlySpan<Expr?> parts)
    {
        var inner = new HashSet<int>();
        foreach (var part in parts)
        {
            part?.Needs(inner);
        }

        inner.Remove(own);
        slots.UnionWith(inner);
    }
}
