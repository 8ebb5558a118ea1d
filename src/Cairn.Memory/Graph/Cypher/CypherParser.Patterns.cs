using System.Globalization;

namespace Cairn.Memory.Cypher;

/// <summary>What a pattern is for.</summary>
internal enum PatternUse
{
    Match,
    Create,

    /// <summary>As a condition: it names nothing new.</summary>
    Condition,

    Comprehension,
}

internal sealed partial class CypherParser
{
    private string? _path;

    private List<PatternPart> ParsePatternParts(List<Expr> conditions, PatternUse use)
    {
        var first = _shape.Slots;
        var parts = new List<PatternPart> { ParsePatternPart(conditions, use, first) };
        while (Take(","))
        {
            parts.Add(ParsePatternPart(conditions, use, first));
        }

        return parts;
    }

    private PatternPart ParsePatternPart(List<Expr> conditions, PatternUse use, int firstNew)
    {
        CypherToken? path = null;
        if (AtName && IsSymbol(1, "="))
        {
            path = Next();
            CheckNew(path.Value);
            Expect("=");
            _path = path.Value.Text;
        }

        if (AtName && IsSymbol(1, "(") && Current.Text.StartsWith("shortest", StringComparison.OrdinalIgnoreCase))
        {
            throw Error("UnsupportedPattern", Current.Start, $"{Current.Text} is not known here; match a path with a bounded length and ORDER BY length(path) LIMIT 1");
        }

        var isPath = path is not null;
        var nodes = new List<NodePattern> { ParseNode(conditions, use, firstNew) };
        var relationships = new List<RelationshipPattern>();
        while (At("-") || At("<"))
        {
            relationships.Add(ParseRelationship(conditions, use, firstNew, isPath));
            nodes.Add(ParseNode(conditions, use, firstNew));
        }

        _path = null;
        if (use == PatternUse.Condition && relationships.Count == 0)
        {
            throw Error("UnexpectedSyntax", Current.Start, "a pattern as a condition needs a relationship");
        }

        if (use == PatternUse.Create && relationships.Count == 0 && nodes[0].IsNamed && nodes[0].Slot < firstNew)
        {
            throw Error("VariableAlreadyBound", Current.Start, "the node is there already");
        }

        return new(path is { } name ? _scope.Declare(name.Text, VariableKind.Path) : null, nodes, relationships);
    }

    private NodePattern ParseNode(List<Expr> conditions, PatternUse use, int firstNew)
    {
        Expect("(");
        Variable? variable = null;
        var isNew = true;
        var start = Current.Start;
        if (AtName)
        {
            (variable, isNew) = Name(Next(), VariableKind.Node, use);
        }

        List<string> labels = [];
        while (Take(":"))
        {
            labels.Add(ExpectName("a label").Text);
        }

        var slot = variable?.Slot ?? _shape.NewSlot();
        var properties = ParseProperties(conditions, use, firstNew, slot);
        if (use == PatternUse.Create && !isNew && (labels.Count > 0 || properties.Count > 0))
        {
            throw Error("VariableAlreadyBound", start, $"the node {variable!.Name} is there already");
        }

        Expect(")");
        return new(slot, variable is not null, labels, properties);
    }

    private RelationshipPattern ParseRelationship(List<Expr> conditions, PatternUse use, int firstNew, bool isTraced)
    {
        var start = Current.Start;
        var left = Take("<");
        Expect("-");
        Variable? variable = null;
        List<string> types = [];
        (int Least, int Most)? length = null;
        IReadOnlyList<KeyValuePair<string, Expr>> properties = [];
        if (Take("["))
        {
            CypherToken? name = AtName ? Next() : null;
            while (types.Count == 0 ? Take(":") : Take("|"))
            {
                Take(":");
                types.Add(ExpectName("a relationship's type").Text);
            }

            length = ParseLength();
            if (name is { } given)
            {
                (variable, var isNew) = Name(given, length is null ? VariableKind.Relationship : VariableKind.Relationships, use);
                if (!isNew && (use == PatternUse.Create || variable.Slot >= firstNew || length is not null))
                {
                    throw Error(
                        variable.Slot >= firstNew ? "RelationshipUniquenessViolation" : "VariableAlreadyBound", given.Start,
                        $"the relationship {given.Text} is there already, and a match uses each relationship once");
                }
            }

            properties = ParseProperties(conditions, use, firstNew, length is null ? variable?.Slot : null);
            Expect("]");
        }

        Expect("-");
        var right = Take(">");
        var direction = left == right ? Direction.Both : left ? Direction.Left : Direction.Right;
        if (use == PatternUse.Create)
        {
            CheckCreate(start, types, direction, length);
        }

        // The place of the trace is kept apart from the variable's: where both exist they hold different forms.
        return new(variable, isTraced ? _shape.NewSlot() : -1, types, direction, length, properties);
    }

    private static void CheckCreate(int start, List<string> types, Direction direction, (int, int)? length)
    {
        if (length is not null)
        {
            throw Error("CreatingVarLength", start, "what is created has a known length");
        }

        if (types.Count != 1)
        {
            throw Error("NoSingleRelationshipType", start, "what is created has one type");
        }

        if (direction == Direction.Both)
        {
            throw Error("RequiresDirectedRelationship", start, "what is created has a direction");
        }
    }

    private (int Least, int Most)? ParseLength()
    {
        if (!Take("*"))
        {
            return null;
        }

        var least = Current.Kind == TokenKind.Integer ? ParseBound() : (int?)null;
        if (!Take(".."))
        {
            return least is { } exact ? (exact, exact) : (1, int.MaxValue);
        }

        var most = Current.Kind == TokenKind.Integer ? ParseBound() : int.MaxValue;
        return (least ?? 1, most);
    }

    private int ParseBound()
    {
        var token = Next();
        return int.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var bound)
            ? bound
            : throw Error("InvalidRelationshipPattern", token.Start, $"`{token.Text}` is no number of relationships");
    }

    private (Variable Variable, bool IsNew) Name(CypherToken name, VariableKind kind, PatternUse use)
    {
        if (name.Text == _path)
        {
            throw Error("VariableAlreadyBound", name.Start, $"{name.Text} is the path itself");
        }

        if (_scope.Find(name.Text) is { } known)
        {
            if (known.Kind != kind && known.Kind != VariableKind.Value)
            {
                throw Error("VariableTypeConflict", name.Start, $"{name.Text} is a {known.Kind.ToString().ToLowerInvariant()} elsewhere");
            }

            known.IsRead = true;
            return (known, false);
        }

        return use == PatternUse.Condition
            ? throw Error("UndefinedVariable", name.Start, $"there is no variable {name.Text}, and a pattern as a condition names nothing new")
            : (_scope.Declare(name.Text, kind), true);
    }

    /// <summary>
    /// The properties of a node or relationship. One whose value depends on what the same pattern finds becomes a condition,
    /// which is checked when that is found.
    /// </summary>
    private List<KeyValuePair<string, Expr>> ParseProperties(List<Expr> conditions, PatternUse use, int firstNew, int? slot)
    {
        if (Current.Kind == TokenKind.Parameter)
        {
            throw Error("InvalidParameterUse", Current.Start, "a parameter cannot stand for all properties here; write {name: $value}");
        }

        var properties = new List<KeyValuePair<string, Expr>>();
        if (!At("{"))
        {
            return properties;
        }

        foreach (var (name, value) in ParseMap().Items)
        {
            var needs = new HashSet<int>();
            value.Needs(needs);
            if (use != PatternUse.Create && slot is { } of && needs.Any(need => need >= firstNew))
            {
                var target = new VariableExpr(value.Offset, new Variable("", of, VariableKind.Value));
                conditions.Add(new CompareExpr(value.Offset, "=", new PropertyExpr(value.Offset, target, name), value));
            }
            else
            {
                properties.Add(KeyValuePair.Create(name, value));
            }
        }

        return properties;
    }

    /// <summary>From an opening parenthesis on there is a pattern: a node, and a relationship behind it.</summary>
    private bool AtPattern(int steps)
    {
        if (!IsSymbol(steps, "("))
        {
            return false;
        }

        // A node holds a name, labels and a map; anything else in the parentheses is an expression.
        var inner = Ahead(steps + 1);
        if (inner.Kind is not (TokenKind.Name or TokenKind.QuotedName) && !IsSymbol(steps + 1, ")") && !IsSymbol(steps + 1, ":") && !IsSymbol(steps + 1, "{"))
        {
            return false;
        }

        var depth = 0;
        for (var i = steps; _at + i < _tokens.Count; i++)
        {
            depth += IsSymbol(i, "(") ? 1 : IsSymbol(i, ")") ? -1 : 0;
            if (depth == 0)
            {
                var arrow = IsSymbol(i + 1, "<") ? i + 2 : i + 1;
                return IsSymbol(arrow, "-") && (IsSymbol(arrow + 1, "[") || (IsSymbol(arrow + 1, "-") && (IsSymbol(arrow + 2, "(") || IsSymbol(arrow + 2, ">"))));
            }
        }

        return false;
    }

    private PatternExpr ParsePatternCondition()
    {
        var start = Current.Start;
        var bound = BoundSlots();
        var conditions = new List<Expr>();
        var part = ParsePatternPart(conditions, PatternUse.Condition, _shape.Slots);
        return new(start, new Pattern([part], conditions, Used(part, conditions, bound)));
    }

    private PatternComprehensionExpr ParsePatternComprehension(int start)
    {
        var outer = _scope;
        _scope = new Scope(_shape, outer);
        var bound = BoundSlots();
        var conditions = new List<Expr>();
        var part = ParsePatternPart(conditions, PatternUse.Comprehension, _shape.Slots);
        if (TakeWord("WHERE"))
        {
            Split(Condition(ParseExpression()), conditions);
        }

        Expect("|");
        var result = ParseExpression();
        Expect("]");
        _scope = outer;
        var used = Used(part, [.. conditions, result], bound);
        return new(start, new Pattern([part], conditions, used), result);
    }

    /// <summary>Of the slots that were there before, those that are needed: the rest need not be filled first.</summary>
    private static HashSet<int> Used(PatternPart part, List<Expr> expressions, HashSet<int> bound)
    {
        var used = new HashSet<int>(part.Nodes.Select(node => node.Slot).Concat(part.Relationships.Select(each => each.Variable?.Slot ?? -1)));
        foreach (var expression in expressions.Concat(part.Nodes.SelectMany(node => node.Properties).Concat(part.Relationships.SelectMany(each => each.Properties)).Select(each => each.Value)))
        {
            expression.Needs(used);
        }

        used.IntersectWith(bound);
        return used;
    }
}
