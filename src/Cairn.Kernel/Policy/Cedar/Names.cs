namespace Cairn.Kernel.Cedar;

/// <summary>Which identifiers may name something.</summary>
internal static class Names
{
    /// <summary>Checks an identifier that names a type, an attribute or a function.</summary>
    public static string Check(TokenReader reader, Token token)
    {
        var name = reader.Text(token);
        return name switch
        {
            "if" or "then" or "else" or "true" or "false" or "in" or "is" or "has" or "like" or "__cedar" =>
                throw new SyntaxStopException(token.Start, $"`{name}` is a word of the language and names nothing"),
            _ => name,
        };
    }

    /// <summary>Reads `A::B::C`; stops before a `::` that a text follows.</summary>
    public static string ReadPath(TokenReader reader, string what)
    {
        var first = reader.Expect(TokenKind.Identifier, what);
        var path = Check(reader, first);
        while (reader.At(TokenKind.DoubleColon) && reader.NextIs(TokenKind.Identifier))
        {
            reader.Take();
            path = $"{path}::{Check(reader, reader.Take())}";
        }

        return path;
    }
}
