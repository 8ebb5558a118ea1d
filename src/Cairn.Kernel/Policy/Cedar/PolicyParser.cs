using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>Reads the rules of a policy text.</summary>
internal static class PolicyParser
{
    public static ImmutableArray<PolicyRule> Read(string text, List<PolicyProblem> problems)
    {
        var rules = ImmutableArray.CreateBuilder<PolicyRule>();
        var reader = new TokenReader(text, Tokenizer.Tokens(text, problems));
        var ids = new HashSet<string>(StringComparer.Ordinal);
        if (problems.Count > 0)
        {
            return [];
        }

        while (!reader.At(TokenKind.End) && problems.Count < PolicySet.MaxProblems)
        {
            var start = reader.Offset;
            try
            {
                var rule = ReadRule(reader, text, rules.Count);
                if (!ids.Add(rule.Id))
                {
                    throw new SyntaxStopException(start, $"a rule before this one has the id {CedarText.Quote(rule.Id)} too");
                }

                rules.Add(rule);
            }
            catch (SyntaxStopException e)
            {
                problems.Add(PolicyProblem.At(text, e.Offset, e.Message));
                reader.SkipPolicy();
            }
        }

        return problems.Count > 0 ? [] : rules.DrainToImmutable();
    }

    private static PolicyRule ReadRule(TokenReader reader, string text, int number)
    {
        var start = reader.Offset;
        var annotations = ReadAnnotations(reader);
        var effect = reader.AtWord("permit") ? Effect.Permit
            : reader.AtWord("forbid") ? Effect.Forbid
            : throw reader.Unexpected("`permit`, `forbid` or an annotation such as @id(\"…\")");
        reader.Take();
        var (principal, action, resource) = ScopeParser.Read(reader);
        var conditions = ImmutableArray.CreateBuilder<Expr>();
        while (reader.At(TokenKind.Identifier))
        {
            var when = reader.AtWord("when");
            if (!when && !reader.AtWord("unless"))
            {
                throw reader.Unexpected("`when`, `unless` or `;`");
            }

            reader.Take();
            reader.Expect(TokenKind.OpenBrace, "`{`");
            var condition = new ExprParser(reader).Read();
            reader.Expect(TokenKind.CloseBrace, "`}`");
            conditions.Add(when ? condition : new NotExpr(condition));
        }

        reader.Expect(TokenKind.Semicolon, "`when`, `unless` or `;`");
        var id = annotations.FirstOrDefault(a => a.Key == "id").Value;
        return new(string.IsNullOrEmpty(id) ? $"policy{number}" : id, PolicyProblem.At(text, start, "").Line, effect, annotations)
        {
            Principal = principal,
            Action = action,
            Resource = resource,
            Conditions = conditions.DrainToImmutable(),
        };
    }

    private static ImmutableArray<KeyValuePair<string, string>> ReadAnnotations(TokenReader reader)
    {
        var annotations = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        while (reader.Skip(TokenKind.At))
        {
            var token = reader.Expect(TokenKind.Identifier, "an annotation's name");
            var name = reader.Text(token);
            if (annotations.Any(a => a.Key == name))
            {
                throw new SyntaxStopException(token.Start, $"the annotation @{name} stands twice");
            }

            var value = "";
            if (reader.Skip(TokenKind.OpenParen))
            {
                value = reader.Unescape(reader.Expect(TokenKind.Text, "the annotation's text in quotes"));
                reader.Expect(TokenKind.CloseParen, "`)`");
            }

            annotations.Add(new(name, value));
        }

        return annotations.DrainToImmutable();
    }
}
