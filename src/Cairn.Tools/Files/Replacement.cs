using System.Globalization;
using System.Text;

namespace Cairn.Tools.Files;

/// <summary>
/// One replacement in a text. What is to be replaced must be there exactly once (or at least once for all); line
/// endings alone never stand in the way.
/// </summary>
/// <param name="Old">The text to replace.</param>
/// <param name="New">The text in its place.</param>
/// <param name="All">Replace every occurrence.</param>
/// <param name="Adapt">Adapt line endings to the file's.</param>
internal sealed record Replacement(string Old, string New, bool All, bool Adapt)
{
    private const int MaxShownPlaces = 10;

    /// <summary>The changed text, or what is wrong.</summary>
    public (string? Text, string Problem) ApplyTo(string text, bool crlf)
    {
        if (Old.Length == 0)
        {
            return (null, "'old' is empty. Give the text to replace; to fill an empty file use write_file.");
        }

        if (Old == New)
        {
            return (null, "'old' and 'new' are the same.");
        }

        var places = Places(text, Old);
        if (places.Count == 0 && Adapt && Normal(Old).Contains('\n', StringComparison.Ordinal))
        {
            places = PlacesByLine(text, Normal(Old));
        }

        return places.Count switch
        {
            0 => (null, NearestLines.Describe(text, Old)),
            > 1 when !All => (null,
                $"'old' occurs {places.Count} times (at lines {Lines(text, places)}). Take in neighbouring lines so that it "
                + "occurs once, or set replace_all to true."),
            _ => (Replace(text, places, crlf), ""),
        };
    }

    private static string Normal(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal);

    private static List<(int Start, int Length)> Places(string text, string old)
    {
        var places = new List<(int, int)>();
        for (var at = text.IndexOf(old, StringComparison.Ordinal); at >= 0; at = text.IndexOf(old, at + old.Length, StringComparison.Ordinal))
        {
            places.Add((at, old.Length));
        }

        return places;
    }

    // Looks for the text with all line endings as LF and maps what it finds back to the file's own characters.
    private static List<(int Start, int Length)> PlacesByLine(string text, string old)
    {
        var normal = new StringBuilder(text.Length);
        var origin = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n')
            {
                continue;
            }

            // A line ending is replaced as a whole, so LF begins where its CR does.
            origin.Add(text[i] == '\n' && i > 0 && text[i - 1] == '\r' ? i - 1 : i);
            normal.Append(text[i]);
        }

        origin.Add(text.Length);
        return [.. Places(normal.ToString(), old).Select(p => (origin[p.Start], origin[p.Start + p.Length] - origin[p.Start]))];
    }

    private string Replace(string text, List<(int Start, int Length)> places, bool crlf)
    {
        var put = Adapt ? (crlf ? Normal(New).Replace("\n", "\r\n", StringComparison.Ordinal) : Normal(New)) : New;
        var result = new StringBuilder(text.Length);
        var from = 0;
        foreach (var (start, length) in places)
        {
            result.Append(text, from, start - from).Append(put);
            from = start + length;
        }

        return result.Append(text, from, text.Length - from).ToString();
    }

    private static string Lines(string text, List<(int Start, int Length)> places)
    {
        var shown = places.Take(MaxShownPlaces)
            .Select(p => (text.AsSpan(0, p.Start).Count('\n') + 1).ToString(CultureInfo.InvariantCulture));
        return string.Join(", ", shown) + (places.Count > MaxShownPlaces ? ", …" : "");
    }
}
