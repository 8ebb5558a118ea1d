namespace Cairn.Memory.Cypher;

/// <summary>Which way a relationship is followed, from the left of the text to its right.</summary>
internal enum Direction
{
    Right,
    Left,
    Both,
}

/// <summary>A node of a pattern.</summary>
/// <param name="Slot">Its place in the row; a node without a name has one too.</param>
/// <param name="IsNamed">It has a name.</param>
/// <param name="Labels">All of them are required.</param>
/// <param name="Properties">What must be equal.</param>
internal sealed record NodePattern(int Slot, bool IsNamed, IReadOnlyList<string> Labels, IReadOnlyList<KeyValuePair<string, Expr>> Properties);

/// <summary>A relationship of a pattern.</summary>
/// <param name="Variable">Its variable; null when it has no name.</param>
/// <param name="Trace">The place where the path's relationships are put down; -1 when nobody asks for the path.</param>
/// <param name="Types">One of them is required; none for any.</param>
/// <param name="Direction">Which way.</param>
/// <param name="Length">Least and most relationships in a row; null for exactly one.</param>
/// <param name="Properties">What must be equal, of each.</param>
internal sealed record RelationshipPattern(
    Variable? Variable, int Trace, IReadOnlyList<string> Types, Direction Direction, (int Least, int Most)? Length, IReadOnlyList<KeyValuePair<string, Expr>> Properties);

/// <summary>A chain of nodes and relationships.</summary>
/// <param name="Path">The path's variable; null when it has no name.</param>
/// <param name="Nodes">One more than relationships.</param>
/// <param name="Relationships">Between each two nodes.</param>
internal sealed record PatternPart(Variable? Path, IReadOnlyList<NodePattern> Nodes, IReadOnlyList<RelationshipPattern> Relationships);

/// <summary>What is to be found: chains that share variables, and conditions.</summary>
/// <param name="Parts">The chains.</param>
/// <param name="Conditions">All of them must be true.</param>
/// <param name="Bound">The slots that are filled before.</param>
internal sealed record Pattern(IReadOnlyList<PatternPart> Parts, IReadOnlyList<Expr> Conditions, IReadOnlySet<int> Bound)
{
    /// <summary>The slots that a match fills.</summary>
    public IEnumerable<int> NewSlots =>
        Parts.SelectMany(part =>
                part.Nodes.Select(node => node.Slot)
                    .Concat(part.Relationships.Select(each => each.Variable?.Slot ?? -1))
                    .Append(part.Path?.Slot ?? -1))
            .Where(slot => slot >= 0 && !Bound.Contains(slot))
            .Distinct();
}

/// <summary>A pattern as a condition: there is a match.</summary>
internal sealed class PatternExpr(int offset, Pattern pattern) : Expr(offset)
{
    private (Execution Execution, MatchPlan Plan)? _plan;

    /// <summary>It stands in exists().</summary>
    public bool IsAsked { get; set; }

    public override void Needs(ISet<int> slots) => slots.UnionWith(pattern.Bound);

    public override object? Evaluate(Execution x, object?[] row)
    {
        if (_plan is not { } plan || !ReferenceEquals(plan.Execution, x))
        {
            _plan = plan = (x, MatchPlan.Make(x, pattern, onlyEnds: false));
        }

        return CypherValues.Of(!plan.Plan.Run(row, _ => false));
    }
}

/// <summary>[(a)-->(b) WHERE … | …]</summary>
internal sealed class PatternComprehensionExpr(int offset, Pattern pattern, Expr result) : Expr(offset)
{
    private (Execution Execution, MatchPlan Plan)? _plan;

    public override void Needs(ISet<int> slots) => slots.UnionWith(pattern.Bound);

    public override object? Evaluate(Execution x, object?[] row)
    {
        if (_plan is not { } plan || !ReferenceEquals(plan.Execution, x))
        {
            _plan = plan = (x, MatchPlan.Make(x, pattern, onlyEnds: false));
        }

        var values = new List<object?>();
        plan.Plan.Run(row, match =>
        {
            values.Add(result.Evaluate(x, match));
            x.CheckLength(values.Count, Offset);
            return true;
        });
        return values;
    }
}
