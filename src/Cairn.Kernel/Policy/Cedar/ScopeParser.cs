using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>The head of a policy: `(principal …, action …, resource …)`.</summary>
internal static class ScopeParser
{
    public static (Scope Principal, ActionScope Action, Scope Resource) Read(TokenReader reader)
    {
        reader.Expect(TokenKind.OpenParen, "`(`");
        var principal = ReadEntity(reader, "principal");
        reader.Expect(TokenKind.Comma, "`,`");
        var action = ReadAction(reader);
        reader.Expect(TokenKind.Comma, "`,`");
        var resource = ReadEntity(reader, "resource");
        reader.Skip(TokenKind.Comma);
        reader.Expect(TokenKind.CloseParen, "`)` (a head names principal, action and resource)");
        return (principal, action, resource);
    }

    /// <summary>Reads `Type::"id"`.</summary>
    public static EntityUid ReadUid(TokenReader reader)
    {
        var type = Names.ReadPath(reader, "an entity such as Type::\"id\"");
        reader.Expect(TokenKind.DoubleColon, "`::` and the entity's id in quotes");
        return new(type, reader.Unescape(reader.Expect(TokenKind.Text, "the entity's id in quotes")));
    }

    private static Scope ReadEntity(TokenReader reader, string variable)
    {
        ReadVariable(reader, variable);
        if (reader.SkipWord("is"))
        {
            var type = Names.ReadPath(reader, "an entity type");
            if (!reader.SkipWord("in"))
            {
                return new(ScopeKind.Is, default, type);
            }

            return ReadUidOrSlot(reader, variable) is { } within ? new(ScopeKind.IsIn, within, type) : new(ScopeKind.IsIn, default, type, Slot: true);
        }

        var kind = reader.At(TokenKind.Equal) ? ScopeKind.Equal : reader.AtWord("in") ? ScopeKind.In : ScopeKind.Any;
        if (kind == ScopeKind.Any)
        {
            return Scope.Any;
        }

        reader.Take();
        return ReadUidOrSlot(reader, variable) is { } uid ? new(kind, uid) : new(kind, default, Slot: true);
    }

    private static void ReadVariable(TokenReader reader, string variable)
    {
        if (!reader.SkipWord(variable))
        {
            throw reader.Unexpected($"`{variable}`");
        }

        if (reader.At(TokenKind.Colon))
        {
            throw reader.Unexpected("`is` before a type");
        }
    }

    private static EntityUid? ReadUidOrSlot(TokenReader reader, string variable)
    {
        var depth = OpenParens(reader);
        EntityUid? uid = null;
        if (!reader.At(TokenKind.Slot))
        {
            uid = ReadUid(reader);
        }
        else if (reader.Text(reader.Current) != "?" + variable)
        {
            throw reader.Unexpected($"`?{variable}` or an entity");
        }
        else
        {
            reader.Take();
        }

        CloseParens(reader, depth);
        return uid;
    }

    private static ActionScope ReadAction(TokenReader reader)
    {
        ReadVariable(reader, "action");
        if (reader.Skip(TokenKind.Equal))
        {
            return new(ScopeKind.Equal, [ReadActionUid(reader)]);
        }

        if (!reader.SkipWord("in"))
        {
            return ActionScope.Any;
        }

        var depth = OpenParens(reader);
        var uids = ImmutableArray.CreateBuilder<EntityUid>();
        if (reader.Skip(TokenKind.OpenBracket))
        {
            while (!reader.At(TokenKind.CloseBracket))
            {
                uids.Add(ReadActionUid(reader));
                if (!reader.Skip(TokenKind.Comma))
                {
                    break;
                }
            }

            reader.Expect(TokenKind.CloseBracket, "`]`");
        }
        else
        {
            uids.Add(ReadActionUid(reader));
        }

        CloseParens(reader, depth);
        return new(ScopeKind.In, uids.DrainToImmutable());
    }

    private static EntityUid ReadActionUid(TokenReader reader)
    {
        var depth = OpenParens(reader);
        var place = reader.Offset;
        var uid = ReadUid(reader);
        CloseParens(reader, depth);
        return uid.Type == "Action" || uid.Type.EndsWith("::Action", StringComparison.Ordinal)
            ? uid
            : throw new SyntaxStopException(place, $"expected an action, found {uid}: an action's type ends in Action");
    }

    private static int OpenParens(TokenReader reader)
    {
        var depth = 0;
        while (reader.Skip(TokenKind.OpenParen))
        {
            depth++;
        }

        return depth;
    }

    private static void CloseParens(TokenReader reader, int depth)
    {
        for (; depth > 0; depth--)
        {
            reader.Expect(TokenKind.CloseParen, "`)`");
        }
    }
}
