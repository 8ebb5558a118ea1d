namespace Cairn.Kernel.Cedar;

/// <summary>Names an entity: `Type::"id"`.</summary>
/// <param name="Type">The entity type's full name, such as `Cairn::Role`.</param>
/// <param name="Id">Any text.</param>
public readonly record struct EntityUid(string Type, string Id)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Type}::{CedarText.Quote(Id)}";

    /// <summary>Reads `Type::"id"`.</summary>
    /// <returns>Null when the text is nothing of the kind.</returns>
    public static EntityUid? Parse(string text)
    {
        var problems = new List<PolicyProblem>();
        var tokens = Tokenizer.Tokens(text, problems);
        if (problems.Count > 0)
        {
            return null;
        }

        try
        {
            var reader = new TokenReader(text, tokens);
            var uid = ScopeParser.ReadUid(reader);
            return reader.At(TokenKind.End) ? uid : null;
        }
        catch (SyntaxStopException)
        {
            return null;
        }
    }
}
