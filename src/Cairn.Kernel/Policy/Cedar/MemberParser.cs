using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>Operands and what follows them: attributes, calls, entities, sets, records.</summary>
internal sealed class MemberParser(TokenReader reader, ExprParser expressions)
{
    public Expr Read()
    {
        var expr = ReadPrimary();
        for (var links = 0; ; links++)
        {
            if (links > ExprParser.MaxChain)
            {
                throw new SyntaxStopException(reader.Offset, $"a chain has more than {ExprParser.MaxChain} links");
            }

            if (reader.Skip(TokenKind.Dot))
            {
                var name = Names.Check(reader, reader.Expect(TokenKind.Identifier, "an attribute's or method's name"));
                expr = reader.At(TokenKind.OpenParen) ? Method(name, expr) : new AttributeExpr(expr, name);
            }
            else if (reader.Skip(TokenKind.OpenBracket))
            {
                var name = reader.Unescape(reader.Expect(TokenKind.Text, "an attribute's name in quotes"));
                reader.Expect(TokenKind.CloseBracket, "`]`");
                expr = new AttributeExpr(expr, name);
            }
            else if (reader.At(TokenKind.OpenParen))
            {
                throw new SyntaxStopException(reader.Offset, "only functions and methods can be called");
            }
            else
            {
                return expr;
            }
        }
    }

    private Expr ReadPrimary()
    {
        var token = reader.Current;
        switch (token.Kind)
        {
            case TokenKind.Number:
                reader.Take();
                var number = reader.Number(token);
                return number <= long.MaxValue
                    ? new LiteralExpr(new LongValue((long)number))
                    : throw new SyntaxStopException(token.Start, "the number does not fit into 64 bits");
            case TokenKind.Text:
                return new LiteralExpr(new StringValue(reader.Unescape(reader.Take())));
            case TokenKind.Slot:
                throw new SyntaxStopException(token.Start, "a slot stands only in a policy's head");
            case TokenKind.OpenParen:
                reader.Take();
                var inner = expressions.Read();
                reader.Expect(TokenKind.CloseParen, "`)`");
                return inner;
            case TokenKind.OpenBracket:
                reader.Take();
                var items = ReadList(TokenKind.CloseBracket, "`]`");
                return items.All(i => i is LiteralExpr)
                    ? new LiteralExpr(SetValue.Of([.. items.Select(i => ((LiteralExpr)i).Value)]))
                    : new SetExpr(items);
            case TokenKind.OpenBrace:
                reader.Take();
                return ReadRecord();
            case TokenKind.Identifier:
                return ReadWord(token);
            default:
                throw reader.Unexpected("an expression");
        }
    }

    private Expr ReadWord(Token token)
    {
        if (reader.Following(1) != TokenKind.DoubleColon)
        {
            switch (reader.Text(token))
            {
                case "true" or "false":
                    return new LiteralExpr(CedarValue.Of(reader.Text(reader.Take()) == "true"));
                case "principal":
                    reader.Take();
                    return new VariableExpr(Variable.Principal);
                case "action":
                    reader.Take();
                    return new VariableExpr(Variable.Action);
                case "resource":
                    reader.Take();
                    return new VariableExpr(Variable.Resource);
                case "context":
                    reader.Take();
                    return new VariableExpr(Variable.Context);
                default:
                    break;
            }
        }

        var name = Names.ReadPath(reader, "an expression");
        if (reader.Skip(TokenKind.DoubleColon))
        {
            var id = reader.Unescape(reader.Expect(TokenKind.Text, "the entity's id in quotes"));
            return new LiteralExpr(new EntityValue(new(name, id)));
        }

        return reader.At(TokenKind.OpenParen)
            ? Function(name, token.Start)
            : throw new SyntaxStopException(token.Start, $"`{name}` is unknown; the variables are principal, action, resource and context, and a text stands in quotes");
    }

    private ExtensionExpr Function(string name, int place)
    {
        if (!Extensions.IsFunction(name))
        {
            throw new SyntaxStopException(place, IsMethod(name)
                ? $"`{name}` is a method: write it behind a dot"
                : $"there is no function `{name}`; the functions are decimal, ip, datetime and duration");
        }

        reader.Take();
        return new(name, ReadList(TokenKind.CloseParen, "`)`"));
    }

    private Expr Method(string name, Expr operand)
    {
        var place = reader.Offset;
        reader.Take();
        var arguments = ReadList(TokenKind.CloseParen, "`)`");
        if (Extensions.IsMethod(name))
        {
            return new ExtensionExpr(name, [operand, .. arguments]);
        }

        if (!IsMethod(name))
        {
            throw new SyntaxStopException(place, Extensions.IsFunction(name)
                ? $"`{name}` is a function: write {name}(…)"
                : $"there is no method `{name}`");
        }

        var wanted = name == "isEmpty" ? 0 : 1;
        if (arguments.Length != wanted)
        {
            throw new SyntaxStopException(place, $"{name} takes {(wanted == 0 ? "no argument" : "one argument")}, found {arguments.Length}");
        }

        return name switch
        {
            "contains" => new SetMethodExpr(SetMethod.Contains, operand, arguments[0]),
            "containsAll" => new SetMethodExpr(SetMethod.ContainsAll, operand, arguments[0]),
            "containsAny" => new SetMethodExpr(SetMethod.ContainsAny, operand, arguments[0]),
            "isEmpty" => new IsEmptyExpr(operand),
            _ => new TagExpr(operand, arguments[0], get: name == "getTag"),
        };
    }

    private static bool IsMethod(string name) =>
        name is "contains" or "containsAll" or "containsAny" or "isEmpty" or "getTag" or "hasTag" || Extensions.IsMethod(name);

    private ImmutableArray<Expr> ReadList(TokenKind close, string closing)
    {
        var items = ImmutableArray.CreateBuilder<Expr>();
        while (!reader.At(close))
        {
            items.Add(expressions.Read());
            if (!reader.Skip(TokenKind.Comma))
            {
                break;
            }
        }

        reader.Expect(close, $"`,` or {closing}");
        return items.DrainToImmutable();
    }

    private RecordExpr ReadRecord()
    {
        var items = ImmutableArray.CreateBuilder<KeyValuePair<string, Expr>>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (!reader.At(TokenKind.CloseBrace))
        {
            var place = reader.Offset;
            var name = reader.At(TokenKind.Text)
                ? reader.Unescape(reader.Take())
                : Names.Check(reader, reader.Expect(TokenKind.Identifier, "an attribute's name"));
            if (!names.Add(name))
            {
                throw new SyntaxStopException(place, $"the record has {CedarText.Quote(name)} twice");
            }

            reader.Expect(TokenKind.Colon, "`:`");
            items.Add(new(name, expressions.Read()));
            if (!reader.Skip(TokenKind.Comma))
            {
                break;
            }
        }

        reader.Expect(TokenKind.CloseBrace, "`,` or `}`");
        return new(items.DrainToImmutable());
    }
}
