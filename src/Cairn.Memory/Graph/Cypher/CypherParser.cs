namespace Cairn.Memory.Cypher;

/// <summary>
/// Reads a query and resolves its names on the way: what comes out knows the place of every variable. This file has the
/// clauses; patterns, projections and expressions stand beside it.
/// </summary>
internal sealed partial class CypherParser
{
    private const int MaxDepth = 100;

    private static readonly HashSet<string> Clauses = new(StringComparer.OrdinalIgnoreCase)
    {
        "MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "UNION", "WHERE", "ORDER", "SKIP", "LIMIT",
        "CREATE", "MERGE", "SET", "DELETE", "DETACH", "REMOVE", "CALL", "FOREACH", "LOAD", "ON", "YIELD",
    };

    private readonly string _text;
    private readonly List<CypherToken> _tokens;
    private readonly bool _writes;
    private int _at;
    private int _depth;
    private RowShape _shape = new();
    private Scope _scope;

    public CypherParser(string text, bool writes)
    {
        _text = text;
        _writes = writes;
        _tokens = CypherLexer.Tokens(text);
        _scope = new Scope(_shape);
    }

    private CypherToken Current => _tokens[_at];

    /// <summary>A query that was read.</summary>
    internal sealed record Parsed(IReadOnlyList<(IReadOnlyList<Clause> Clauses, RowShape Shape)> Parts, IReadOnlyList<string> Columns, bool IsDistinctUnion);

    public Parsed ParseQuery()
    {
        var parts = new List<(IReadOnlyList<Clause>, RowShape)>();
        IReadOnlyList<string>? columns = null;
        bool? distinct = null;
        while (true)
        {
            _shape = new RowShape();
            _scope = new Scope(_shape);
            var shape = _shape;
            var start = Current.Start;
            var clauses = ParseClauses();
            parts.Add((clauses, shape));
            IReadOnlyList<string> names = clauses[^1] is ProjectClause last ? [.. last.Columns.Select(column => column.Name)] : [];
            if (columns is not null && !columns.SequenceEqual(names))
            {
                throw Error("DifferentColumnsInUnion", start, $"both sides of UNION need the same columns: {string.Join(", ", columns)} and {string.Join(", ", names)}");
            }

            columns = names;
            if (!TakeWord("UNION"))
            {
                break;
            }

            var isAll = TakeWord("ALL");
            if (distinct is not null && distinct == isAll)
            {
                throw Error("InvalidClauseComposition", Current.Start, "UNION and UNION ALL do not go together");
            }

            distinct = !isAll;
        }

        Take(";");
        return Current.Kind == TokenKind.End ? new(parts, columns, distinct == true) : throw Unexpected("the end of the query");
    }

    private List<Clause> ParseClauses()
    {
        var clauses = new List<Clause>();
        while (true)
        {
            if (AtWord("MATCH") || AtWord("OPTIONAL"))
            {
                clauses.Add(ParseMatch());
            }
            else if (TakeWord("UNWIND"))
            {
                clauses.Add(ParseUnwind());
            }
            else if (TakeWord("WITH"))
            {
                clauses.Add(Behind(clauses, ParseProjection(isReturn: false)));
            }
            else if (TakeWord("RETURN"))
            {
                clauses.Add(Behind(clauses, ParseProjection(isReturn: true)));
                return clauses;
            }
            else if (_writes && TakeWord("CREATE"))
            {
                clauses.Add(ParseCreate());
            }
            else
            {
                return _writes && clauses.Count > 0 && clauses[^1] is CreateClause && (Current.Kind == TokenKind.End || At(";")) ? clauses : throw NoClause(clauses);
            }
        }
    }

    private CypherException NoClause(List<Clause> clauses)
    {
        if (Current.Kind == TokenKind.Name && Clauses.Contains(Current.Text))
        {
            var word = Current.Text.ToUpperInvariant();
            return word is "WHERE" or "ORDER" or "SKIP" or "LIMIT" or "UNION" or "ON" or "YIELD"
                ? Error("InvalidClauseComposition", Current.Start, $"{word} cannot stand here")
                : Error("UnsupportedClause", Current.Start, $"{word} is not among the clauses that are known here: MATCH, OPTIONAL MATCH, UNWIND, WITH and RETURN; a query only reads");
        }

        return Current.Kind == TokenKind.End && clauses.Count > 0
            ? Error("InvalidClauseComposition", Current.Start, "the query ends without RETURN")
            : Unexpected(clauses.Count == 0 ? "MATCH, UNWIND, WITH or RETURN" : "a clause: MATCH, UNWIND, WITH or RETURN");
    }

    private static ProjectClause Behind(List<Clause> clauses, ProjectClause projection)
    {
        if (clauses.Count > 0 && clauses[^1] is MatchClause match)
        {
            match.IsForSet = projection.IsForSet;
        }

        return projection;
    }

    private MatchClause ParseMatch()
    {
        var optional = TakeWord("OPTIONAL");
        ExpectWord("MATCH");
        var bound = BoundSlots();
        var conditions = new List<Expr>();
        var parts = ParsePatternParts(conditions, PatternUse.Match);
        if (TakeWord("WHERE"))
        {
            Split(Condition(ParseExpression()), conditions);
        }

        return new MatchClause(new Pattern(parts, conditions, bound), optional);
    }

    private UnwindClause ParseUnwind()
    {
        var list = ParseExpression();
        ExpectWord("AS");
        var name = ExpectName("the name of a variable");
        CheckNew(name);
        return new UnwindClause(list, _scope.Declare(name.Text, VariableKind.Value).Slot);
    }

    private CreateClause ParseCreate()
    {
        var bound = BoundSlots();
        return new CreateClause(ParsePatternParts([], PatternUse.Create), bound);
    }

    /// <summary>Conditions that are joined by AND may be checked one by one, each as early as can be.</summary>
    private static void Split(Expr condition, List<Expr> into)
    {
        if (condition is ConnectiveExpr { Connective: Connective.And } and)
        {
            foreach (var part in and.Parts)
            {
                Split(part, into);
            }
        }
        else
        {
            into.Add(condition);
        }
    }

    private HashSet<int> BoundSlots()
    {
        var bound = new HashSet<int>();
        for (var slot = 0; slot < _shape.Slots; slot++)
        {
            bound.Add(slot);
        }

        return bound;
    }

    private void CheckNew(CypherToken name)
    {
        if (_scope.Find(name.Text) is not null)
        {
            throw Error("VariableAlreadyBound", name.Start, $"the variable {name.Text} is there already");
        }
    }

    private bool At(string symbol) => Current.Kind == TokenKind.Symbol && Current.Text == symbol;

    private bool AtWord(string word) => IsWord(Current, word);

    private static bool IsWord(CypherToken token, string word) => token.Kind == TokenKind.Name && token.Text.Equals(word, StringComparison.OrdinalIgnoreCase);

    private CypherToken Ahead(int steps) => _tokens[Math.Min(_at + steps, _tokens.Count - 1)];

    private bool IsSymbol(int steps, string symbol) => Ahead(steps) is { Kind: TokenKind.Symbol } token && token.Text == symbol;

    private CypherToken Next()
    {
        var token = Current;
        if (token.Kind != TokenKind.End)
        {
            _at++;
        }

        return token;
    }

    private bool Take(string symbol)
    {
        if (!At(symbol))
        {
            return false;
        }

        _at++;
        return true;
    }

    private bool TakeWord(string word)
    {
        if (!AtWord(word))
        {
            return false;
        }

        _at++;
        return true;
    }

    private void Expect(string symbol)
    {
        if (!Take(symbol))
        {
            throw Unexpected($"`{symbol}`");
        }
    }

    private void ExpectWord(string word)
    {
        if (!TakeWord(word))
        {
            throw Unexpected(word);
        }
    }

    private bool AtName => Current.Kind is TokenKind.Name or TokenKind.QuotedName;

    private CypherToken ExpectName(string what) => AtName ? Next() : throw Unexpected(what);

    private CypherException Unexpected(string expected)
    {
        var found = Current.Kind == TokenKind.End ? "the end" : $"`{(Current.End - Current.Start > 40 ? _text[Current.Start..(Current.Start + 40)] + "…" : _text[Current.Start..Current.End])}`";
        return Error("UnexpectedSyntax", Current.Start, $"expected {expected}, found {found}");
    }

    private static CypherException Error(string detail, int offset, string message) => new(CypherFault.Syntax, detail, offset, message);
}
