namespace Cairn.Memory.Cypher;

internal sealed partial class CypherParser
{
    private const int MaxChain = 500;

    private static readonly string[] Comparisons = ["=", "<>", "<", "<=", ">", ">="];

    private Expr ParseExpression()
    {
        if (++_depth > MaxDepth)
        {
            throw Error("UnexpectedSyntax", Current.Start, $"an expression is nested more than {MaxDepth} deep");
        }

        var value = ParseConnective(0);
        _depth--;
        return value;
    }

    private Expr ParseConnective(int level)
    {
        if (level == 3)
        {
            return ParseNot();
        }

        var (word, connective) = level switch
        {
            0 => ("OR", Connective.Or),
            1 => ("XOR", Connective.Xor),
            _ => ("AND", Connective.And),
        };
        var left = ParseConnective(level + 1);
        for (var count = 0; AtWord(word); count++)
        {
            CheckChain(count);
            var at = Next().Start;
            left = new ConnectiveExpr(at, connective, Condition(left), Condition(ParseConnective(level + 1)));
        }

        return left;
    }

    private Expr ParseNot()
    {
        if (!AtWord("NOT"))
        {
            return ParseComparison();
        }

        var starts = new Stack<int>();
        while (AtWord("NOT"))
        {
            CheckChain(starts.Count);
            starts.Push(Next().Start);
        }

        var value = ParseComparison();
        foreach (var at in starts)
        {
            value = new NotExpr(at, Condition(value));
        }

        return value;
    }

    /// <summary>What stands in the text as something else than a truth value cannot be one.</summary>
    private static Expr Condition(Expr value) => value is LiteralExpr { Value: not (null or bool) } or ListExpr or MapExpr or VariableExpr { Variable.Kind: VariableKind.Node or VariableKind.Relationship or VariableKind.Path }
        ? throw Error("InvalidArgumentType", value.Offset, "this is not true or false")
        : value;

    private Expr ParseComparison()
    {
        var left = ParseTest();
        Expr? all = null;
        for (var count = 0; Current.Kind == TokenKind.Symbol && Array.IndexOf(Comparisons, Current.Text) >= 0; count++)
        {
            CheckChain(count);
            var sign = Next();
            var right = ParseTest();
            var one = new CompareExpr(sign.Start, sign.Text, left, right);
            all = all is null ? one : new ConnectiveExpr(sign.Start, Connective.And, all, one);
            left = right;
        }

        return all ?? left;
    }

    private Expr ParseTest()
    {
        var left = ParseSum();
        for (var count = 0; ; count++)
        {
            CheckChain(count);
            var at = Current.Start;
            if (TakeWord("IN"))
            {
                var list = ParseSum();
                left = list is LiteralExpr { Value: not null } or MapExpr
                    ? throw Error("InvalidArgumentType", list.Offset, "IN needs a list")
                    : new InExpr(at, left, list);
            }
            else if (AtWord("STARTS") || AtWord("ENDS"))
            {
                var test = IsWord(Next(), "STARTS") ? TextTest.StartsWith : TextTest.EndsWith;
                ExpectWord("WITH");
                left = new TextTestExpr(at, test, left, ParseSum());
            }
            else if (TakeWord("CONTAINS"))
            {
                left = new TextTestExpr(at, TextTest.Contains, left, ParseSum());
            }
            else if (Take("=~"))
            {
                left = new TextTestExpr(at, TextTest.Matches, left, ParseSum());
            }
            else if (TakeWord("IS"))
            {
                var negated = TakeWord("NOT");
                ExpectWord("NULL");
                left = new NullTestExpr(at, left, negated);
            }
            else
            {
                return left;
            }
        }
    }

    private Expr ParseSum()
    {
        var left = ParseProduct();
        for (var count = 0; At("+") || At("-"); count++)
        {
            CheckChain(count);
            var sign = Next();
            left = new ArithmeticExpr(sign.Start, sign.Text[0], left, ParseProduct());
        }

        return left;
    }

    private Expr ParseProduct()
    {
        var left = ParsePower();
        for (var count = 0; At("*") || At("/") || At("%"); count++)
        {
            CheckChain(count);
            var sign = Next();
            var right = ParsePower();
            left = KindOf(left) == VariableKind.Word || KindOf(right) == VariableKind.Word
                ? throw Error("InvalidArgumentType", sign.Start, $"`{sign.Text}` needs numbers")
                : new ArithmeticExpr(sign.Start, sign.Text[0], left, right);
        }

        return left;
    }

    private Expr ParsePower()
    {
        var left = ParseSigned();
        for (var count = 0; At("^"); count++)
        {
            CheckChain(count);
            var sign = Next();
            left = new ArithmeticExpr(sign.Start, '^', left, ParseSigned());
        }

        return left;
    }

    private Expr ParseSigned()
    {
        var signs = new Stack<int>();
        while (At("-") || At("+"))
        {
            CheckChain(signs.Count);
            var sign = Next();
            if (sign.Text == "-")
            {
                // The least number has no counterpart, so its sign is part of it.
                if (Current.Kind == TokenKind.Integer)
                {
                    var number = Next();
                    Expr literal = new LiteralExpr(sign.Start, Integer(number, negative: true));
                    _at--;
                    return Wrap(ParsePostfix(literal), signs);
                }

                signs.Push(sign.Start);
            }
        }

        return Wrap(ParsePostfix(null), signs);

        static Expr Wrap(Expr value, Stack<int> signs)
        {
            foreach (var at in signs)
            {
                value = new NegateExpr(at, value);
            }

            return value;
        }
    }

    private Expr ParsePostfix(Expr? literal)
    {
        var first = _at;
        Expr value;
        if (literal is not null)
        {
            _at++;
            value = literal;
        }
        else
        {
            value = TakeKnown() ?? ParseAtom();
        }

        for (var count = 0; ; count++)
        {
            CheckChain(count);
            value.Source ??= string.Join(' ', Tokens(first, _at));
            var at = Current.Start;
            if (At(".") && Ahead(1).Kind is TokenKind.Name or TokenKind.QuotedName)
            {
                _at++;
                value = Property(at, value, Next().Text);
            }
            else if (At("["))
            {
                _at++;
                value = ParseIndex(at, value);
            }
            else if (At(":") && Ahead(1).Kind is TokenKind.Name or TokenKind.QuotedName)
            {
                List<string> labels = [];
                while (Take(":"))
                {
                    labels.Add(ExpectName("a label").Text);
                }

                return new HasLabelsExpr(at, value, labels);
            }
            else
            {
                return value;
            }
        }
    }

    private static PropertyExpr Property(int at, Expr value, string name) => KindOf(value) switch
    {
        VariableKind.Number or VariableKind.Word or VariableKind.List =>
            throw new CypherException(CypherFault.Type, "InvalidArgumentType", at, $"only nodes, relationships and maps have properties, and this has no {name}"),
        VariableKind.Path or VariableKind.Relationships => throw Error("InvalidArgumentType", at, $"a path has no property {name}; ask its nodes(…) or relationships(…)"),
        _ => new(at, value, name),
    };

    private Expr ParseIndex(int at, Expr value)
    {
        var from = At("..") ? null : ParseExpression();
        if (Take(".."))
        {
            var to = At("]") ? null : ParseExpression();
            Expect("]");
            return new SliceExpr(at, value, from, to);
        }

        Expect("]");
        return new IndexExpr(at, value, from!);
    }

    /// <summary>In ORDER BY: what is written as a column is that column.</summary>
    private VariableExpr? TakeKnown()
    {
        foreach (var (tokens, variable) in _known.OrderByDescending(each => each.Tokens.Length))
        {
            if (_at + tokens.Length >= _tokens.Count || !Tokens(_at, _at + tokens.Length).SequenceEqual(tokens))
            {
                continue;
            }

            // Of a sum or a comparison only the whole: what follows it might bind more tightly than what is within.
            var next = _tokens[_at + tokens.Length];
            var isWhole = next.Kind is TokenKind.End or TokenKind.Name || (next.Kind == TokenKind.Symbol && next.Text is "," or ")" or ";");
            if (isWhole || IsSimple(tokens))
            {
                var start = Current.Start;
                _at += tokens.Length;
                return new VariableExpr(start, variable);
            }
        }

        return null;
    }

    private static bool IsSimple(string[] tokens) =>
        (char.IsLetter(tokens[0][0]) && tokens.Length <= 3 && (tokens.Length == 1 || tokens[1] == ".")) || (tokens.Length > 2 && tokens[1] == "(" && Array.IndexOf(tokens, ")") == tokens.Length - 1);

    private void CheckChain(int count)
    {
        if (count > MaxChain)
        {
            throw Error("UnexpectedSyntax", Current.Start, $"more than {MaxChain} operators in a row");
        }
    }
}
