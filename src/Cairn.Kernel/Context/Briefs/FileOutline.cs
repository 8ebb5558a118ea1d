namespace Cairn.Kernel;

/// <summary>
/// The lines of a source file that declare something, whatever its language: types, functions, constants, routes, headings.
/// It goes by how lines begin, not by a grammar: files that agents read are often broken, and of many languages.
/// </summary>
internal static class FileOutline
{
    private static readonly System.Collections.Frozen.FrozenSet<string> Words = System.Collections.Frozen.FrozenSet.ToFrozenSet(
    [
        "abstract", "async", "class", "const", "def", "delegate", "enum", "export", "extern", "fn", "func", "function", "impl", "import",
        "interface", "internal", "module", "namespace", "object", "override", "package", "private", "protected", "pub", "public",
        "record", "sealed", "static", "struct", "trait", "type", "typedef", "union", "var", "create", "alter", "macro_rules!", "#define",
    ], StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<int> Lines(string[] lines)
    {
        // The header with path and version always stays.
        yield return 0;
        for (var i = 1; i < lines.Length; i++)
        {
            if (lines[i].StartsWith('[') || Declares(Code(lines[i])))
            {
                yield return i;
            }
        }
    }

    /// <summary>The line without its number.</summary>
    private static ReadOnlySpan<char> Code(string line)
    {
        var tab = line.IndexOf('\t', StringComparison.Ordinal);
        return tab is > 0 and < 12 ? line.AsSpan(tab + 1) : line;
    }

    private static bool Declares(ReadOnlySpan<char> code)
    {
        var text = code.TrimStart();
        var indent = code.Length - text.Length;
        if (text.Length == 0)
        {
            return false;
        }

        var end = text.IndexOfAny(" (:<{");
        var word = end < 0 ? text : text[..end];
        if (Words.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word))
        {
            // Local variables begin with the same words as constants; only those at the margin are declarations.
            return !IsLocal(word) || indent == 0;
        }

        return indent == 0 && (text[0] == '#' || (char.IsLetter(text[0]) && (text.Contains('(') || text.Contains(" = ", StringComparison.Ordinal)) && !text.EndsWith(';')));
    }

    private static bool IsLocal(ReadOnlySpan<char> word) => word is "var" or "const" or "import";
}
