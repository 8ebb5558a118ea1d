using System.Globalization;

namespace Cairn.Kernel.Cedar;

/// <summary>The tokens of a text and the place that the parser has come to.</summary>
internal sealed class TokenReader(string text, List<Token> tokens)
{
    private int _at;

    public Token Current => tokens[_at];

    public int Offset => Current.Start;

    public bool At(TokenKind kind) => Current.Kind == kind;

    public bool AtWord(string word) => Current.Kind == TokenKind.Identifier && IsText(Current, word);

    public bool NextIs(TokenKind kind) => tokens[Math.Min(_at + 1, tokens.Count - 1)].Kind == kind;

    public TokenKind Following(int steps) => tokens[Math.Min(_at + steps, tokens.Count - 1)].Kind;

    public Token Take()
    {
        var token = Current;
        if (token.Kind != TokenKind.End)
        {
            _at++;
        }

        return token;
    }

    public bool Skip(TokenKind kind)
    {
        if (!At(kind))
        {
            return false;
        }

        Take();
        return true;
    }

    public bool SkipWord(string word)
    {
        if (!AtWord(word))
        {
            return false;
        }

        Take();
        return true;
    }

    public Token Expect(TokenKind kind, string what) => At(kind) ? Take() : throw Unexpected(what);

    public string Text(Token token) => text.Substring(token.Start, token.Length);

    public string Unescape(Token token) => CedarText.Unescape(text, token.Start + 1, token.Length - 2);

    public LikePattern Pattern(Token token) => CedarText.Pattern(text, token.Start + 1, token.Length - 2);

    /// <summary>A number of at most 64 bits without a sign.</summary>
    public ulong Number(Token token) =>
        ulong.TryParse(text.AsSpan(token.Start, token.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new SyntaxStopException(token.Start, "the number does not fit into 64 bits");

    public SyntaxStopException Unexpected(string expected) =>
        new(Offset, At(TokenKind.End) ? $"expected {expected}, found the end" : $"expected {expected}, found {Describe(Text(Current))}");

    /// <summary>Goes on behind the next semicolon, to find what is wrong in the policies after this one.</summary>
    public void SkipPolicy()
    {
        while (!At(TokenKind.End) && Take().Kind != TokenKind.Semicolon)
        {
            // Taken.
        }
    }

    private static string Describe(string found) => found.Length > 40 ? $"`{found[..40]}…`" : $"`{found}`";

    private bool IsText(Token token, string word) => text.AsSpan(token.Start, token.Length).SequenceEqual(word);
}
