using System.Globalization;

namespace Cairn.Memory.Cypher;

internal sealed partial class CypherParser
{
    private static readonly Dictionary<string, AggregateKind> Aggregates = new(StringComparer.OrdinalIgnoreCase)
    {
        ["count"] = AggregateKind.Count, ["sum"] = AggregateKind.Sum, ["avg"] = AggregateKind.Avg, ["min"] = AggregateKind.Min,
        ["max"] = AggregateKind.Max, ["collect"] = AggregateKind.Collect, ["stdev"] = AggregateKind.StDev, ["stdevp"] = AggregateKind.StDevP,
        ["percentilecont"] = AggregateKind.PercentileCont, ["percentiledisc"] = AggregateKind.PercentileDisc,
    };

    private Expr ParseAtom()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Integer:
                return new LiteralExpr(Next().Start, Integer(token, negative: false));
            case TokenKind.Float:
                var number = double.Parse(Next().Text, NumberStyles.Float, CultureInfo.InvariantCulture);
                return double.IsFinite(number) ? new LiteralExpr(token.Start, number) : throw Error("FloatingPointOverflow", token.Start, "the number is too large");
            case TokenKind.Text:
                return new LiteralExpr(Next().Start, token.Text);
            case TokenKind.Parameter:
                return new ParameterExpr(Next().Start, token.Text);
            case TokenKind.Name or TokenKind.QuotedName:
                return ParseNamed(token);
            case TokenKind.Symbol when AtPattern(0):
                return ParsePatternCondition();
            case TokenKind.Symbol when token.Text == "(":
                _at++;
                var inner = ParseExpression();
                Expect(")");
                return inner;
            case TokenKind.Symbol when token.Text == "[":
                return ParseList();
            case TokenKind.Symbol when token.Text == "{":
                return ParseMap();
            default:
                throw Unexpected("an expression");
        }
    }

    private static object Integer(CypherToken token, bool negative)
    {
        var text = token.Text;
        var radix = text.Length > 1 && char.IsLetter(text[1]) ? text[1] is 'x' or 'X' ? 16 : 8 : 10;
        var digits = radix == 10 ? text : text[2..];
        UInt128 value = 0;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix)
            {
                throw Error("InvalidNumberLiteral", token.Start, $"`{text}` is no number");
            }

            value = UInt128.Min((value * (UInt128)radix) + (UInt128)digit, UInt128.MaxValue >> 16);
        }

        if (digits.Length == 0)
        {
            throw Error("InvalidNumberLiteral", token.Start, $"`{text}` is no number");
        }

        return value <= (UInt128)long.MaxValue + (negative ? 1u : 0u)
            ? negative ? (long)-(Int128)value : (long)value
            : throw Error("IntegerOverflow", token.Start, $"{text} does not fit into 64 bits");
    }

    private Expr ParseNamed(CypherToken token)
    {
        if (token.Kind == TokenKind.Name)
        {
            if (IsSymbol(1, "("))
            {
                return ParseCall(token);
            }

            switch (token.Text.ToUpperInvariant())
            {
                case "TRUE":
                    return new LiteralExpr(Next().Start, CypherValues.True);
                case "FALSE":
                    return new LiteralExpr(Next().Start, CypherValues.False);
                case "NULL":
                    return new LiteralExpr(Next().Start, null);
                case "CASE" when _scope.Find(token.Text) is null:
                    return ParseCase();
                case "EXISTS" when IsSymbol(1, "{"):
                    throw Error("UnsupportedExpression", token.Start, "EXISTS { … } is not known here; write the pattern itself as the condition: WHERE (a)-->(b)");
            }
        }

        if (token.Kind == TokenKind.Name && Clauses.Contains(token.Text) && _scope.Find(token.Text) is null)
        {
            throw Unexpected("an expression");
        }

        var variable = _scope.Find(token.Text)
            ?? throw Error("UndefinedVariable", token.Start, $"there is no variable {token.Text}{Nearest(token.Text)}");
        variable.IsRead = true;
        return new VariableExpr(Next().Start, variable);
    }

    private string Nearest(string name)
    {
        var known = _scope.Own.Select(variable => variable.Name).Where(each => each.Length > 0).ToList();
        return known.Count == 0 ? "" : $" (there {(known.Count == 1 ? "is" : "are")} {string.Join(", ", known.OrderByDescending(each => each.StartsWith(name[..1], StringComparison.OrdinalIgnoreCase)).Take(8))})";
    }

    private CaseExpr ParseCase()
    {
        var start = Next().Start;
        var subject = AtWord("WHEN") ? null : ParseExpression();
        var cases = new List<(Expr, Expr)>();
        while (TakeWord("WHEN"))
        {
            CheckChain(cases.Count);
            var when = ParseExpression();
            ExpectWord("THEN");
            cases.Add((when, ParseExpression()));
        }

        if (cases.Count == 0)
        {
            throw Unexpected("WHEN");
        }

        var otherwise = TakeWord("ELSE") ? ParseExpression() : null;
        ExpectWord("END");
        return new(start, subject, cases, otherwise);
    }

    private Expr ParseCall(CypherToken name)
    {
        Next();
        Expect("(");
        var word = name.Text.ToLowerInvariant();
        if (word is "any" or "all" or "none" or "single" && AtName && IsWord(Ahead(1), "IN"))
        {
            return ParseQuantifier(name.Start, Enum.Parse<Quantifier>(word, ignoreCase: true));
        }

        if (word == "reduce" && AtName && IsSymbol(1, "="))
        {
            return ParseReduce(name.Start);
        }

        if (Aggregates.TryGetValue(word, out var aggregate))
        {
            return ParseAggregate(name, aggregate);
        }

        var function = CypherFunctions.Find(word)
            ?? throw Error("UnknownFunction", name.Start, $"there is no function {name.Text}()");
        if (word == "exists" && AtPattern(0))
        {
            var pattern = ParsePatternCondition();
            pattern.IsAsked = true;
            Expect(")");
            return pattern;
        }

        if (word == "size" && AtPattern(0))
        {
            throw Error("UnexpectedSyntax", Current.Start, "size() takes a list; count a pattern with size([(a)-->(b) | 1])");
        }

        var arguments = ParseArguments();
        if (arguments.Count < function.Least || arguments.Count > function.Most)
        {
            throw Error("InvalidNumberOfArguments", name.Start, $"{name.Text}() takes {function.Least}{(function.Most == function.Least ? "" : function.Most == int.MaxValue ? " or more" : $" to {function.Most}")} arguments, not {arguments.Count}");
        }

        if (word == "rand" && _insideAggregate)
        {
            throw Error("NonConstantExpression", name.Start, "rand() cannot be aggregated");
        }

        CheckArgument(word, arguments, name.Start);
        return new FunctionExpr(name.Start, function, arguments);
    }

    /// <summary>What the text alone shows to be of the wrong kind.</summary>
    private static void CheckArgument(string function, List<Expr> arguments, int start)
    {
        if (arguments.Count == 1 && KindOf(arguments[0]) is var kind and not VariableKind.Value)
        {
            var fits = function switch
            {
                "labels" => kind is VariableKind.Node,
                "type" => kind is VariableKind.Relationship,
                "length" or "nodes" or "relationships" => kind == VariableKind.Path,
                "size" => kind is VariableKind.Relationships or VariableKind.List or VariableKind.Word or VariableKind.Map,
                "properties" or "keys" => kind is VariableKind.Node or VariableKind.Relationship or VariableKind.Map,
                _ => true,
            };
            if (!fits)
            {
                throw Error("InvalidArgumentType", start, $"{function}() takes no {kind.ToString().ToLowerInvariant()}");
            }
        }
    }

    private List<Expr> ParseArguments()
    {
        var arguments = new List<Expr>();
        if (Take(")"))
        {
            return arguments;
        }

        do
        {
            CheckChain(arguments.Count);
            arguments.Add(ParseExpression());
        }
        while (Take(","));
        Expect(")");
        return arguments;
    }

    private AggregateExpr ParseAggregate(CypherToken name, AggregateKind kind)
    {
        if (_aggregates is not { } aggregates)
        {
            throw Error(_insideAggregate ? "NestedAggregation" : "InvalidAggregation", name.Start, $"{name.Text}() cannot stand here: aggregations belong into RETURN and WITH, and not into one another");
        }

        (_aggregates, _insideAggregate) = (null, true);
        Expr? argument = null;
        Expr? percentile = null;
        var distinct = false;
        if (kind == AggregateKind.Count && Take("*"))
        {
            Expect(")");
        }
        else
        {
            distinct = TakeWord("DISTINCT");
            argument = ParseExpression();
            percentile = kind is AggregateKind.PercentileCont or AggregateKind.PercentileDisc && Take(",") ? ParseExpression() : null;
            Expect(")");
        }

        (_aggregates, _insideAggregate) = (aggregates, false);
        var expr = new AggregateExpr(name.Start, kind, argument, percentile, distinct, _shape.NewSlot());
        aggregates.Add(expr);
        return expr;
    }

    private bool _insideAggregate;

    private QuantifierExpr ParseQuantifier(int start, Quantifier quantifier)
    {
        var (name, list) = ParseIn();
        var outer = _scope;
        var slot = Open(name, list);
        ExpectWord("WHERE");
        var condition = ParseExpression();
        Expect(")");
        _scope = outer;
        return new(start, quantifier, slot, list, condition);
    }

    private ReduceExpr ParseReduce(int start)
    {
        var sum = Next();
        Expect("=");
        var from = ParseExpression();
        Expect(",");
        var (name, list) = ParseIn();
        var outer = _scope;
        var slot = Open(name, list);
        var sumSlot = _scope.DeclareLocal(sum.Text, VariableKind.Value).Slot;
        Expect("|");
        var step = ParseExpression();
        Expect(")");
        _scope = outer;
        return new(start, sumSlot, from, slot, list, step);
    }

    private (CypherToken Name, Expr List) ParseIn()
    {
        var name = ExpectName("a variable");
        ExpectWord("IN");
        return (name, ParseExpression());
    }

    private int Open(CypherToken name, Expr list)
    {
        _scope = new Scope(_shape, _scope);
        return _scope.DeclareLocal(name.Text, KindOfItems(list)).Slot;
    }

    private Expr ParseList()
    {
        var start = Next().Start;
        if (AtPattern(0) || (AtName && IsSymbol(1, "=") && AtPattern(2)))
        {
            var at = _at;
            var isComprehension = Closes(at);
            if (isComprehension)
            {
                return ParsePatternComprehension(start);
            }
        }

        if (AtName && IsWord(Ahead(1), "IN"))
        {
            var (name, list) = ParseIn();
            var outer = _scope;
            var slot = Open(name, list);
            var aggregates = _aggregates;
            _aggregates = null;
            var condition = TakeWord("WHERE") ? ParseExpression() : null;
            var result = Take("|") ? ParseExpression() : null;
            Expect("]");
            (_scope, _aggregates) = (outer, aggregates);
            return new ListComprehensionExpr(start, slot, list, condition, result);
        }

        var items = new List<Expr>();
        if (!Take("]"))
        {
            do
            {
                items.Add(ParseExpression());
            }
            while (Take(","));
            Expect("]");
        }

        return new ListExpr(start, items);
    }

    /// <summary>Before the bracket closes there is a bar, outside of all others: a comprehension.</summary>
    private bool Closes(int at)
    {
        var depth = 0;
        for (; at < _tokens.Count; at++)
        {
            if (_tokens[at].Kind != TokenKind.Symbol)
            {
                continue;
            }

            switch (_tokens[at].Text)
            {
                case "[" or "(" or "{":
                    depth++;
                    break;
                case "]" or ")" or "}":
                    if (--depth < 0)
                    {
                        return false;
                    }

                    break;
                case "|" when depth == 0:
                    return true;
            }
        }

        return false;
    }

    private MapExpr ParseMap()
    {
        var start = Current.Start;
        Expect("{");
        var items = new List<KeyValuePair<string, Expr>>();
        if (!Take("}"))
        {
            do
            {
                var name = ExpectName("a property's name").Text;
                Expect(":");
                items.Add(KeyValuePair.Create(name, ParseExpression()));
            }
            while (Take(","));
            Expect("}");
        }

        return new(start, items);
    }
}
