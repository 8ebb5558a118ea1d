using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>The order in which a pattern is found: begin where the fewest nodes are, check each condition as early as can be.</summary>
internal sealed class MatchPlan
{
    private readonly Execution _x;
    private readonly GraphSnapshot _graph;
    private readonly bool _onlyEnds;
    private readonly HashSet<int> _bound;
    private readonly List<Expr> _open;
    private readonly List<MatchStep> _steps = [];

    private MatchPlan(Execution x, Pattern pattern, bool onlyEnds)
    {
        _x = x;
        _graph = x.Graph;
        _onlyEnds = onlyEnds;
        _bound = [.. pattern.Bound];
        _open = [.. pattern.Conditions];
    }

    /// <param name="x">The run of the query.</param>
    /// <param name="pattern">What is to be found.</param>
    /// <param name="onlyEnds">Matches that differ in nothing but the way between the ends count as one.</param>
    public static MatchPlan Make(Execution x, Pattern pattern, bool onlyEnds)
    {
        var plan = new MatchPlan(x, pattern, onlyEnds);
        plan.Filters();
        var parts = pattern.Parts.ToList();
        while (parts.Count > 0)
        {
            var (part, at) = parts.SelectMany(each => each.Nodes.Select((_, i) => (Part: each, At: i))).MinBy(each => plan.Cost(each.Part.Nodes[each.At]));
            parts.Remove(part);
            plan.Add(part, at);
        }

        plan._steps.Add(new SinkStep());
        for (var i = 0; i + 1 < plan._steps.Count; i++)
        {
            plan._steps[i].Next = plan._steps[i + 1];
        }

        return plan;
    }

    /// <summary>Finds all matches.</summary>
    /// <param name="row">Holds what is bound; is filled with each match.</param>
    /// <param name="sink">Takes a match; false ends the search.</param>
    /// <returns>False when the sink ended it.</returns>
    public bool Run(object?[] row, Func<object?[], bool> sink)
    {
        var used = _x.RentEdgeSet();
        var goOn = _steps[0].Run(new MatchRun(_x, used, sink), row);
        _x.Return(used);
        return goOn;
    }

    private double Cost(NodePattern node)
    {
        if (_bound.Contains(node.Slot))
        {
            return 0;
        }

        var lookups = Lookups(node);
        if (lookups.Count == 0)
        {
            return _graph.NodeCount * (node.Labels.Count > 0 ? 1 : 2) + 1000;
        }

        // Values that stand in the text or were given are known now; others are taken to name a few.
        return lookups.Min(lookup => lookup.Value is LiteralExpr or ParameterExpr && lookup.Value.Evaluate(_x, []) is string value ? 1 + lookup.Index.CountOf(value) : 20);
    }

    private List<IndexLookup> Lookups(NodePattern node)
    {
        var lookups = new List<IndexLookup>();
        foreach (var (name, value) in node.Properties)
        {
            Add(name, value);
        }

        foreach (var condition in _open.OfType<CompareExpr>().Where(condition => condition.Comparison == "="))
        {
            if (condition.Left is PropertyExpr { Target: VariableExpr left } property && left.Variable.Slot == node.Slot)
            {
                Add(property.Name, condition.Right);
            }
            else if (condition.Right is PropertyExpr { Target: VariableExpr right } other && right.Variable.Slot == node.Slot)
            {
                Add(other.Name, condition.Left);
            }
        }

        return lookups;

        void Add(string name, Expr value)
        {
            if (_graph.Indexes.TryGetValue(_graph.Names.Find(name), out var index) && IsReady(value))
            {
                lookups.Add(new IndexLookup(index, value));
            }
        }
    }

    private bool IsReady(Expr value)
    {
        var needs = new HashSet<int>();
        value.Needs(needs);
        return needs.IsSubsetOf(_bound);
    }

    private void Add(PatternPart part, int at)
    {
        var start = part.Nodes[at];
        var test = new NodeTest(_graph, start);
        _steps.Add(_bound.Contains(start.Slot) ? new BoundStep(test, start.Slot) : new ScanStep(test, start.Slot, Lookups(start)));
        Bind(start.Slot);
        for (var i = at; i < part.Relationships.Count; i++)
        {
            Expand(part.Relationships[i], part.Nodes[i], part.Nodes[i + 1], reversed: false);
        }

        for (var i = at - 1; i >= 0; i--)
        {
            Expand(part.Relationships[i], part.Nodes[i + 1], part.Nodes[i], reversed: true);
        }

        if (part.Path is { } path)
        {
            _steps.Add(new PathStep(part));
            Bind(path.Slot);
        }
    }

    private void Expand(RelationshipPattern relationship, NodePattern from, NodePattern to, bool reversed)
    {
        var way = (relationship.Direction, reversed) switch
        {
            (Direction.Right, true) => Direction.Left,
            (Direction.Left, true) => Direction.Right,
            var (direction, _) => direction,
        };
        var hop = new Hop(from.Slot, to, _bound.Contains(to.Slot), way, reversed);
        if (relationship.Length is not { } length)
        {
            _steps.Add(new ExpandStep(_graph, relationship, hop, relationship.Variable is { } variable && _bound.Contains(variable.Slot)));
        }
        else if (_onlyEnds && way != Direction.Both && length.Least <= 1 && relationship.Trace < 0 && relationship.Variable is not { IsRead: true })
        {
            _steps.Add(new ReachStep(_graph, relationship, hop));
        }
        else
        {
            _steps.Add(new PathSearchStep(_graph, relationship, hop, hop.ToIsBound ? [] : Lookups(to)));
        }

        if (relationship.Variable is { } bound)
        {
            _bound.Add(bound.Slot);
        }

        Bind(to.Slot);
    }

    private void Bind(int slot)
    {
        _bound.Add(slot);
        Filters();
    }

    private void Filters()
    {
        foreach (var condition in _open.Where(IsReady).ToList())
        {
            _open.Remove(condition);
            _steps.Add(new FilterStep(condition));
        }
    }
}
