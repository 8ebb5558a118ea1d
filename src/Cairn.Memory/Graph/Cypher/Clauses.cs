using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>Takes the rows of one clause after the other. A row is the caller's again when Push returns.</summary>
internal abstract class Operator
{
    /// <returns>False when no further rows are wanted.</returns>
    public abstract bool Push(object?[] row);

    /// <summary>There are no more rows.</summary>
    public abstract void End();
}

/// <summary>A clause of a query.</summary>
internal abstract class Clause
{
    public abstract Operator Build(Execution x, Operator next);
}

/// <summary>MATCH and OPTIONAL MATCH</summary>
internal sealed class MatchClause(Pattern pattern, bool optional) : Clause
{
    /// <summary>The clause behind it does not tell how often a match occurs.</summary>
    public bool IsForSet { get; set; }

    public override Operator Build(Execution x, Operator next) =>
        new Matching(MatchPlan.Make(x, pattern, IsForSet), optional ? [.. pattern.NewSlots] : null, next);

    private sealed class Matching(MatchPlan plan, int[]? optionalSlots, Operator next) : Operator
    {
        public override bool Push(object?[] row)
        {
            var found = false;
            var goOn = plan.Run(row, match =>
            {
                found = true;
                return next.Push(match);
            });
            if (found || optionalSlots is null)
            {
                return goOn;
            }

            foreach (var slot in optionalSlots)
            {
                row[slot] = null;
            }

            return next.Push(row);
        }

        public override void End() => next.End();
    }
}

/// <summary>UNWIND list AS x</summary>
internal sealed class UnwindClause(Expr list, int slot) : Clause
{
    public override Operator Build(Execution x, Operator next) => new Unwinding(x, list, slot, next);

    private sealed class Unwinding(Execution x, Expr list, int slot, Operator next) : Operator
    {
        public override bool Push(object?[] row)
        {
            var items = list.Evaluate(x, row) switch
            {
                null => [],
                List<object?> several => several,
                var one => [one],
            };
            foreach (var item in items)
            {
                x.Charge(1);
                row[slot] = item;
                if (!next.Push(row))
                {
                    return false;
                }
            }

            return true;
        }

        public override void End() => next.End();
    }
}

/// <summary>CREATE: how graphs are written down as text. Queries of users and agents do not have it.</summary>
internal sealed class CreateClause(IReadOnlyList<PatternPart> parts, IReadOnlySet<int> bound) : Clause
{
    public override Operator Build(Execution x, Operator next) => new Creating(x, parts, bound, next);

    private sealed class Creating(Execution x, IReadOnlyList<PatternPart> parts, IReadOnlySet<int> bound, Operator next) : Operator
    {
        public override bool Push(object?[] row)
        {
            var made = new HashSet<int>(bound);
            foreach (var part in parts)
            {
                foreach (var node in part.Nodes.Where(node => made.Add(node.Slot)))
                {
                    row[node.Slot] = new GraphNode(x.Graph, x.Edit!.AddNode(node.Labels, Values(node.Properties, row)));
                }

                for (var i = 0; i < part.Relationships.Count; i++)
                {
                    var each = part.Relationships[i];
                    var (from, to) = (((GraphNode)row[part.Nodes[i].Slot]!).Id, ((GraphNode)row[part.Nodes[i + 1].Slot]!).Id);
                    (from, to) = each.Direction == Direction.Left ? (to, from) : (from, to);
                    var edge = x.Edit!.AddEdge(from, to, each.Types[0], Values(each.Properties, row));
                    if (each.Variable is { } variable)
                    {
                        row[variable.Slot] = new GraphEdge(x.Graph, edge);
                    }
                }
            }

            return next.Push(row);
        }

        public override void End() => next.End();

        private List<KeyValuePair<string, object?>> Values(IReadOnlyList<KeyValuePair<string, Expr>> properties, object?[] row) =>
            [.. properties.Select(each => KeyValuePair.Create(each.Key, each.Value.Evaluate(x, row)))];
    }
}
