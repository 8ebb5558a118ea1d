using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>A pattern of `like`: the texts between its stars; one piece is a pattern without a star.</summary>
internal sealed record LikePattern(ImmutableArray<string> Pieces)
{
    /// <summary>
    /// Greedy from the left is enough: a star takes anything, so the earliest place of each middle piece never spoils a
    /// later one. Linear in the text for each piece, whatever the pattern.
    /// </summary>
    public bool Matches(string text)
    {
        var first = Pieces[0];
        if (Pieces.Length == 1)
        {
            return text == first;
        }

        var last = Pieces[^1];
        if (text.Length < first.Length + last.Length || !text.StartsWith(first, StringComparison.Ordinal) || !text.EndsWith(last, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = text.AsSpan(first.Length, text.Length - first.Length - last.Length);
        for (var i = 1; i < Pieces.Length - 1; i++)
        {
            var found = rest.IndexOf(Pieces[i], StringComparison.Ordinal);
            if (found < 0)
            {
                return false;
            }

            rest = rest[(found + Pieces[i].Length)..];
        }

        return true;
    }
}
