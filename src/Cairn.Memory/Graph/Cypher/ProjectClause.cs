namespace Cairn.Memory.Cypher;

/// <summary>One column of WITH or RETURN.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="Slot">Where the value is put down in the row, for ORDER BY and WHERE.</param>
/// <param name="IsAggregate">It holds an aggregation.</param>
internal sealed record Column(string Name, Expr Value, int Slot, bool IsAggregate);

/// <summary>WITH and RETURN</summary>
internal sealed class ProjectClause(IReadOnlyList<Column> columns, IReadOnlyList<AggregateExpr> aggregates, bool distinct) : Clause
{
    public IReadOnlyList<Column> Columns => columns;

    public IReadOnlyList<(Expr Value, bool Descending)> OrderBy { get; set; } = [];

    public Expr? Skip { get; set; }

    public Expr? Limit { get; set; }

    /// <summary>Only of WITH.</summary>
    public Expr? Where { get; set; }

    /// <summary>The rows that it takes.</summary>
    public required RowShape Input { get; init; }

    /// <summary>The rows that it makes.</summary>
    public required RowShape Shape { get; init; }

    /// <summary>It gives the same answer however often a row comes.</summary>
    public bool IsForSet =>
        aggregates.Count == 0 ? distinct : aggregates.All(each => each.Aggregate is AggregateKind.Min or AggregateKind.Max || (each.Distinct && each.Argument is not null));

    public override Operator Build(Execution x, Operator next)
    {
        var rows = new Ordering(x, this, next);
        return aggregates.Count > 0 ? new Grouping(x, this, aggregates, rows, distinct) : new Projecting(x, columns, rows, distinct);
    }

    /// <summary>Puts the values down row by row, and lets each combination through once where it is DISTINCT.</summary>
    private sealed class Projecting(Execution x, IReadOnlyList<Column> columns, Operator next, bool distinct) : Operator
    {
        private readonly HashSet<object?[]>? _seen = distinct ? new(RowKey.Instance) : null;

        public override bool Push(object?[] row)
        {
            x.Charge(1);
            foreach (var column in columns)
            {
                row[column.Slot] = column.Value.Evaluate(x, row);
            }

            if (_seen is not null)
            {
                if (!_seen.Add([.. columns.Select(column => row[column.Slot])]))
                {
                    return true;
                }

                x.CheckRows(_seen.Count);
            }

            return next.Push(row);
        }

        public override void End() => next.End();
    }

    /// <summary>Gathers rows into groups; each becomes one row at the end.</summary>
    private sealed class Grouping(Execution x, ProjectClause clause, IReadOnlyList<AggregateExpr> aggregates, Operator rows, bool distinct) : Operator
    {
        private readonly Column[] _keys = [.. clause.Columns.Where(column => !column.IsAggregate)];
        private readonly Column[] _others = [.. clause.Columns.Where(column => column.IsAggregate)];
        private readonly Dictionary<object?[], (object?[] Row, Accumulator[] Sums)> _groups = new(RowKey.Instance);
        private Accumulator[]? _only;
        private readonly Operator _next = distinct ? new Projecting(x, [.. clause.Columns.Select(each => each with { Value = new SlotExpr(each.Slot) })], rows, true) : rows;

        public override bool Push(object?[] row)
        {
            x.Charge(1);
            if (_keys.Length == 0)
            {
                _only ??= [.. aggregates.Select(each => new Accumulator(x, each))];
                if (_groups.Count == 0)
                {
                    _groups[[]] = ([.. row], _only);
                }

                foreach (var sum in _only)
                {
                    sum.Add(row);
                }

                return true;
            }

            var key = new object?[_keys.Length];
            for (var i = 0; i < key.Length; i++)
            {
                key[i] = row[_keys[i].Slot] = _keys[i].Value.Evaluate(x, row);
            }

            if (!_groups.TryGetValue(key, out var group))
            {
                _groups[key] = group = ([.. row], [.. aggregates.Select(each => new Accumulator(x, each))]);
                x.CheckRows(_groups.Count);
            }

            foreach (var sum in group.Sums)
            {
                sum.Add(row);
            }

            return true;
        }

        public override void End()
        {
            if (_groups.Count == 0 && _keys.Length == 0)
            {
                // Nothing has a count too: 0.
                _groups[[]] = (new object?[clause.Input.Slots], [.. aggregates.Select(each => new Accumulator(x, each))]);
            }

            foreach (var (row, sums) in _groups.Values)
            {
                for (var i = 0; i < sums.Length; i++)
                {
                    row[aggregates[i].Slot] = sums[i].Result();
                }

                foreach (var column in _others)
                {
                    row[column.Slot] = column.Value.Evaluate(x, row);
                }

                if (!_next.Push(row))
                {
                    break;
                }
            }

            _next.End();
        }
    }

    private sealed class SlotExpr(int slot) : Expr(0)
    {
        public override object? Evaluate(Execution x, object?[] row) => row[slot];
    }
}
