namespace Cairn.Memory.Cypher;

/// <summary>ORDER BY, SKIP, LIMIT and the WHERE of a WITH, and the making of the rows that the next clause sees.</summary>
internal sealed class Ordering : Operator
{
    private readonly Execution _x;
    private readonly ProjectClause _clause;
    private readonly Operator _next;
    private readonly List<(object?[] Row, object?[] Keys)> _rows = [];
    private readonly long _skip;
    private readonly long _limit;
    private long _seen;

    public Ordering(Execution x, ProjectClause clause, Operator next)
    {
        (_x, _clause, _next) = (x, clause, next);
        _skip = Count(clause.Skip, "SKIP") ?? 0;
        _limit = Count(clause.Limit, "LIMIT") ?? long.MaxValue;
    }

    public override bool Push(object?[] row)
    {
        if (_clause.OrderBy.Count == 0)
        {
            return Give(row);
        }

        var keys = new object?[_clause.OrderBy.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = _clause.OrderBy[i].Value.Evaluate(_x, row);
        }

        _rows.Add(([.. row], keys));
        _x.CheckRows(_rows.Count);
        return true;
    }

    public override void End()
    {
        if (_rows.Count > 0)
        {
            _x.Charge(_rows.Count * 4L);

            // Stable: rows that are equal by ORDER BY stay in the order in which they came.
            foreach (var (row, _) in _rows.Order(Comparer<(object?[] Row, object?[] Keys)>.Create((a, b) => Compare(a.Keys, b.Keys))))
            {
                if (!Give(row))
                {
                    break;
                }
            }
        }

        _next.End();
    }

    private int Compare(object?[] a, object?[] b)
    {
        for (var i = 0; i < a.Length; i++)
        {
            var order = CypherValues.Order(a[i], b[i]);
            if (order != 0)
            {
                return _clause.OrderBy[i].Descending ? -order : order;
            }
        }

        return 0;
    }

    private bool Give(object?[] row)
    {
        var at = _seen++;
        if (at < _skip)
        {
            return true;
        }

        if (at - _skip >= _limit)
        {
            return false;
        }

        if (_clause.Where is null || _clause.Where.Test(_x, row) is true)
        {
            var made = new object?[Math.Max(_clause.Shape.Slots, _clause.Columns.Count)];
            for (var i = 0; i < _clause.Columns.Count; i++)
            {
                made[i] = row[_clause.Columns[i].Slot];
            }

            if (!_next.Push(made))
            {
                return false;
            }
        }

        return at + 1 - _skip < _limit;
    }

    private long? Count(Expr? expr, string clause) => expr?.Evaluate(_x, []) switch
    {
        null when expr is null => null,
        long number and >= 0 => number,
        long => throw new CypherException(CypherFault.Syntax, "NegativeIntegerArgument", expr.Offset, $"{clause} takes no negative number"),
        _ => throw new CypherException(CypherFault.Syntax, "InvalidArgumentType", expr!.Offset, $"{clause} takes a whole number"),
    };
}
