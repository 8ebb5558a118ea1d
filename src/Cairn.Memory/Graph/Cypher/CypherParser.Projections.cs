namespace Cairn.Memory.Cypher;

internal sealed partial class CypherParser
{
    private List<AggregateExpr>? _aggregates;
    private List<(string[] Tokens, Variable Variable)> _known = [];

    private ProjectClause ParseProjection(bool isReturn)
    {
        var start = Current.Start;
        var distinct = TakeWord("DISTINCT");
        var outer = _aggregates;
        _aggregates = [];
        var (columns, sources) = ParseColumns(isReturn, start);
        var aggregates = _aggregates;
        _aggregates = outer;
        CheckGrouping(columns, sources);

        var input = _shape;
        var (before, visible) = (_scope, aggregates.Count == 0 && !distinct);
        var projection = new ProjectClause(columns, aggregates, distinct) { Input = input, Shape = new RowShape() };
        _scope = visible ? new Scope(input, before) : new Scope(input);
        foreach (var column in columns)
        {
            _scope.Declare(column.Name, column.Slot, KindOf(column.Value)).IsRead = true;
        }

        _known = [.. columns.Zip(sources, (column, source) => (source, _scope.Find(column.Name)!)).Where(each => each.source.Length > 0)];
        ParseOrder(projection, aggregates, visible);
        if (!isReturn && TakeWord("WHERE"))
        {
            projection.Where = ParseExpression();
        }

        _known = [];
        _shape = projection.Shape;
        _scope = new Scope(_shape);
        foreach (var column in columns)
        {
            _scope.Declare(column.Name, KindOf(column.Value));
        }

        return projection;
    }

    private (List<Column> Columns, List<string[]> Sources) ParseColumns(bool isReturn, int start)
    {
        var columns = new List<Column>();
        var sources = new List<string[]>();
        if (Take("*"))
        {
            var named = _scope.Own.ToList();
            if (named.Count == 0 && isReturn)
            {
                throw Error("NoVariablesInScope", start, "* needs a variable, and there is none");
            }

            foreach (var variable in named.OrderBy(variable => variable.Name, StringComparer.Ordinal))
            {
                variable.IsRead = true;
                columns.Add(new(variable.Name, new VariableExpr(start, variable) { Source = variable.Name }, _shape.NewSlot(), false));
                sources.Add([variable.Name]);
            }

            if (!Take(","))
            {
                return (columns, sources);
            }
        }

        do
        {
            var (first, count) = (_at, _aggregates!.Count);
            var value = ParseExpression();
            if (value is PatternExpr { IsAsked: false })
            {
                throw Error("UnexpectedSyntax", value.Offset, "a pattern is no column: write exists((a)-->(b))");
            }

            var (source, text) = (Tokens(first, _at), _text[_tokens[first].Start.._tokens[_at - 1].End]);
            var alias = TakeWord("AS") ? ExpectName("a column's name") : (CypherToken?)null;
            if (alias is null && !isReturn && value is not VariableExpr)
            {
                throw Error("NoExpressionAlias", value.Offset, $"WITH needs a name for {text}: {text} AS name");
            }

            var name = alias?.Text ?? (value is VariableExpr { Variable: var plain } ? plain.Name : text);
            if (columns.Any(column => column.Name == name))
            {
                throw Error("ColumnNameConflict", alias?.Start ?? value.Offset, $"there are two columns {name}");
            }

            columns.Add(new(name, value, _shape.NewSlot(), _aggregates.Count > count));
            sources.Add(source);
        }
        while (Take(","));
        return (columns, sources);
    }

    private string[] Tokens(int first, int end) => [.. _tokens.GetRange(first, end - first).Select(token => token.Kind == TokenKind.Text ? $"'{token.Text}'" : token.Text)];

    private void ParseOrder(ProjectClause projection, List<AggregateExpr> aggregates, bool visible)
    {
        if (TakeWord("ORDER"))
        {
            ExpectWord("BY");
            var order = new List<(Expr, bool)>();
            do
            {
                var value = ParseOrderKey(aggregates, visible);
                var descending = TakeWord("DESC") || TakeWord("DESCENDING");
                if (!descending && !TakeWord("ASC"))
                {
                    TakeWord("ASCENDING");
                }

                order.Add((value, descending));
            }
            while (Take(","));
            projection.OrderBy = order;
        }

        projection.Skip = TakeWord("SKIP") ? ParseConstant("SKIP") : null;
        projection.Limit = TakeWord("LIMIT") ? ParseConstant("LIMIT") : null;
    }

    private Expr ParseOrderKey(List<AggregateExpr> aggregates, bool visible)
    {
        // An aggregation may be sorted by where there is grouping already; a new one is gathered with the others.
        var outer = _aggregates;
        var start = Current.Start;
        _aggregates = visible ? null : [];
        var value = ParseExpression();
        if (_aggregates is { Count: > 0 })
        {
            throw Error("AmbiguousAggregationExpression", start, aggregates.Count > 0
                ? "sort by a column: give the aggregation a name with AS"
                : "an aggregation in ORDER BY needs the same in the columns");
        }

        _aggregates = outer;
        return value;
    }

    private Expr ParseConstant(string clause)
    {
        var value = ParseExpression();
        var needs = new HashSet<int>();
        value.Needs(needs);
        if (needs.Count > 0)
        {
            throw Error("NonConstantExpression", value.Offset, $"{clause} takes a number that depends on no row");
        }

        return value switch
        {
            NegateExpr or LiteralExpr { Value: < 0L } => throw Error("NegativeIntegerArgument", value.Offset, $"{clause} takes no negative number"),
            LiteralExpr { Value: not long } => throw Error("InvalidArgumentType", value.Offset, $"{clause} takes a whole number"),
            _ => value,
        };
    }

    private static VariableKind KindOf(Expr value) => value switch
    {
        VariableExpr { Variable: var variable } => variable.Kind,
        LiteralExpr { Value: long or double } => VariableKind.Number,
        LiteralExpr { Value: string or bool } => VariableKind.Word,
        ListExpr => VariableKind.List,
        MapExpr => VariableKind.Map,
        _ => VariableKind.Value,
    };

    /// <summary>What the elements of a list are that stands in the text.</summary>
    private static VariableKind KindOfItems(Expr list) =>
        list is ListExpr && list.Parts.Select(KindOf).Distinct().ToList() is [var kind] ? kind : VariableKind.Value;

    /// <summary>Beside aggregations only what rows are grouped by can be used: it is the same for the whole group.</summary>
    private static void CheckGrouping(List<Column> columns, List<string[]> sources)
    {
        var keys = columns.Zip(sources).Where(each => !each.First.IsAggregate).Select(each => string.Join(' ', each.Second)).ToHashSet(StringComparer.Ordinal);
        foreach (var column in columns.Where(column => column.IsAggregate))
        {
            Check(column.Value);
        }

        void Check(Expr expr)
        {
            switch (expr)
            {
                case AggregateExpr:
                    return;
                case { Source: { } source } when keys.Contains(source):
                    return;
                case VariableExpr { Variable: var variable } when !variable.IsLocal:
                    throw Error("AmbiguousAggregationExpression", expr.Offset, $"{variable.Name} is not what rows are grouped by: make it a column of its own first");
            }

            foreach (var part in expr.Parts)
            {
                Check(part);
            }
        }
    }
}
