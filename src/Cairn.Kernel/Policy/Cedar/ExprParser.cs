using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>Expressions: operators here, what binds tighter in <see cref="MemberParser"/>.</summary>
internal sealed class ExprParser
{
    /// <summary>The most expressions within each other, so that a hostile policy cannot exhaust the stack.</summary>
    public const int MaxDepth = 100;

    /// <summary>The most links of one chain such as a + b + c.</summary>
    public const int MaxChain = 1000;

    /// <summary>The most `!` or `-` before an operand, as in the reference.</summary>
    private const int MaxSigns = 4;

    private readonly TokenReader _reader;
    private readonly MemberParser _members;
    private int _depth;

    public ExprParser(TokenReader reader)
    {
        _reader = reader;
        _members = new(reader, this);
    }

    public Expr Read()
    {
        if (++_depth > MaxDepth)
        {
            throw new SyntaxStopException(_reader.Offset, $"expressions are nested deeper than {MaxDepth}");
        }

        var expr = _reader.AtWord("if") ? ReadIf() : ReadOr();
        _depth--;
        return expr;
    }

    private IfExpr ReadIf()
    {
        _reader.Take();
        var test = Read();
        ExpectWord("then");
        var then = Read();
        ExpectWord("else");
        return new(test, then, Read());
    }

    private void ExpectWord(string word)
    {
        if (!_reader.SkipWord(word))
        {
            throw _reader.Unexpected($"`{word}`");
        }
    }

    private Expr ReadOr()
    {
        var terms = Chain(TokenKind.Or, ReadAnd);
        return terms.Length == 1 ? terms[0] : new OrExpr(terms);
    }

    private Expr ReadAnd()
    {
        var terms = Chain(TokenKind.And, ReadRelation);
        return terms.Length == 1 ? terms[0] : new AndExpr(terms);
    }

    private ImmutableArray<Expr> Chain(TokenKind link, Func<Expr> read)
    {
        var terms = ImmutableArray.CreateBuilder<Expr>();
        do
        {
            terms.Add(read());
            CheckChain(terms.Count);
        }
        while (_reader.Skip(link));
        return terms.DrainToImmutable();
    }

    private Expr ReadRelation()
    {
        var left = ReadSum();
        if (_reader.SkipWord("has"))
        {
            return new HasExpr(left, ReadNames());
        }

        if (_reader.SkipWord("like"))
        {
            return new LikeExpr(left, _reader.Pattern(_reader.Expect(TokenKind.Text, "a pattern in quotes")));
        }

        if (_reader.SkipWord("is"))
        {
            var type = Names.ReadPath(_reader, "an entity type");
            Expr check = new IsExpr(left, type);
            return _reader.SkipWord("in") ? new AndExpr([check, new InExpr(left, ReadSum())]) : check;
        }

        if (TakeRelation() is not { } relation)
        {
            return left;
        }

        var right = ReadSum();
        var place = _reader.Offset;
        return TakeRelation() is null
            ? Relate(relation, left, right)
            : throw new SyntaxStopException(place, "comparisons cannot be chained; join them with && or use parentheses");
    }

    private Token? TakeRelation()
    {
        switch (_reader.Current.Kind)
        {
            case TokenKind.Equal or TokenKind.NotEqual or TokenKind.Less or TokenKind.LessEqual or TokenKind.Greater or TokenKind.GreaterEqual:
            case TokenKind.Identifier when _reader.AtWord("in"):
                return _reader.Take();
            case TokenKind.Assign:
                throw new SyntaxStopException(_reader.Offset, "`=` is no operator; equality is written `==`");
            default:
                return null;
        }
    }

    private static Expr Relate(Token relation, Expr left, Expr right) => relation.Kind switch
    {
        TokenKind.Equal => new EqualExpr(left, right, negated: false),
        TokenKind.NotEqual => new EqualExpr(left, right, negated: true),
        TokenKind.Less => new CompareExpr(Comparison.Less, left, right),
        TokenKind.LessEqual => new CompareExpr(Comparison.LessEqual, left, right),
        TokenKind.Greater => new CompareExpr(Comparison.Greater, left, right),
        TokenKind.GreaterEqual => new CompareExpr(Comparison.GreaterEqual, left, right),
        _ => new InExpr(left, right),
    };

    /// <summary>What `has` asks for: a name, names with dots between them, or one name in quotes.</summary>
    private ImmutableArray<string> ReadNames()
    {
        if (_reader.At(TokenKind.Text))
        {
            return [_reader.Unescape(_reader.Take())];
        }

        var names = ImmutableArray.CreateBuilder<string>();
        do
        {
            names.Add(Names.Check(_reader, _reader.Expect(TokenKind.Identifier, "an attribute's name")));
            CheckChain(names.Count);
        }
        while (_reader.Skip(TokenKind.Dot));
        return names.DrainToImmutable();
    }

    private Expr ReadSum()
    {
        var left = ReadProduct();
        for (var links = 0; _reader.Current.Kind is TokenKind.Plus or TokenKind.Minus; links++)
        {
            CheckChain(links);
            var op = _reader.Take().Kind == TokenKind.Plus ? Arithmetic.Add : Arithmetic.Subtract;
            left = new ArithmeticExpr(op, left, ReadProduct());
        }

        return left;
    }

    private Expr ReadProduct()
    {
        var left = ReadUnary();
        for (var links = 0; _reader.Current.Kind is TokenKind.Star or TokenKind.Slash or TokenKind.Percent; links++)
        {
            CheckChain(links);
            var op = _reader.Take();
            if (op.Kind != TokenKind.Star)
            {
                throw new SyntaxStopException(op.Start, $"the language has no {(op.Kind == TokenKind.Slash ? "division" : "remainder")}");
            }

            left = new ArithmeticExpr(Arithmetic.Multiply, left, ReadUnary());
        }

        return left;
    }

    private Expr ReadUnary()
    {
        var sign = _reader.Current.Kind;
        if (sign is not (TokenKind.Not or TokenKind.Minus))
        {
            return _members.Read();
        }

        var place = _reader.Offset;
        var count = 0;
        while (_reader.Skip(sign))
        {
            count++;
        }

        if (count > MaxSigns)
        {
            throw new SyntaxStopException(place, $"at most {MaxSigns} signs stand before an operand");
        }

        Expr operand;
        if (sign == TokenKind.Minus && _reader.At(TokenKind.Number) && _reader.Following(1) is not (TokenKind.Dot or TokenKind.OpenParen or TokenKind.OpenBracket))
        {
            operand = ReadNegative();
            count--;
        }
        else
        {
            operand = _members.Read();
        }

        for (; count > 0; count--)
        {
            operand = sign == TokenKind.Not ? new NotExpr(operand) : new NegateExpr(operand);
        }

        return operand;
    }

    /// <summary>A minus before a number belongs to it: the smallest number has no positive counterpart.</summary>
    private LiteralExpr ReadNegative()
    {
        var token = _reader.Take();
        var number = _reader.Number(token);
        return number <= (ulong)long.MaxValue + 1
            ? new(new LongValue(unchecked(-(long)number)))
            : throw new SyntaxStopException(token.Start, "the number does not fit into 64 bits");
    }

    private void CheckChain(int links)
    {
        if (links > MaxChain)
        {
            throw new SyntaxStopException(_reader.Offset, $"a chain has more than {MaxChain} links");
        }
    }
}
