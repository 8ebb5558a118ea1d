using System.Text;

namespace Cairn.Memory.Keywords;

/// <summary>
/// Cuts text and code into words that can be compared: `getUserId`, `get_user_id` and "get the user's id" have the words
/// get, user and id in common; the whole name is a word as well. Words are in lower case and lose common endings.
/// </summary>
public static class CodeWords
{
    /// <summary>Longer names are data, not names.</summary>
    private const int MaxName = 80;

    /// <summary>The words of a text, in order, with repetitions.</summary>
    public static List<string> Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = new List<string>(text.Length / 6);
        for (var at = 0; at < text.Length;)
        {
            if (!IsPart(text[at]))
            {
                at++;
                continue;
            }

            var end = at;
            while (end < text.Length && IsPart(text[end]))
            {
                end++;
            }

            if (end - at <= MaxName)
            {
                Add(words, text.AsSpan(at, end - at));
            }

            at = end;
        }

        return words;
    }

    /// <summary>The parts of one name: humps, what underscores divide, and digits.</summary>
    public static List<string> Parts(ReadOnlySpan<char> name)
    {
        var parts = new List<string>(4);
        var start = 0;
        for (var i = 1; i <= name.Length; i++)
        {
            if (i == name.Length || Breaks(name, i))
            {
                var part = name[start..i].Trim('_');
                if (part.Length > 0)
                {
                    parts.Add(part.ToString().ToLowerInvariant());
                }

                start = i;
            }
        }

        return parts;
    }

    private static void Add(List<string> words, ReadOnlySpan<char> name)
    {
        var parts = Parts(name);
        foreach (var part in parts)
        {
            if (part.Length > 1 || parts.Count == 1)
            {
                words.Add(Stem(part));
            }
        }

        if (parts.Count > 1)
        {
            words.Add(Joined(parts));
        }
    }

    // Written with humps or underscores, a name is the same name.
    private static string Joined(List<string> parts)
    {
        var joined = new StringBuilder();
        foreach (var part in parts)
        {
            joined.Append(part);
        }

        return joined.ToString();
    }

    private static bool IsPart(char c) => char.IsLetterOrDigit(c) || c == '_';

    private static bool Breaks(ReadOnlySpan<char> name, int i)
    {
        var (before, here) = (name[i - 1], name[i]);
        return here == '_' || before == '_'
            || (char.IsLower(before) && char.IsUpper(here))
            || (char.IsDigit(before) != char.IsDigit(here))
            || (char.IsUpper(before) && char.IsUpper(here) && i + 1 < name.Length && char.IsLower(name[i + 1]));
    }

    /// <summary>Takes English endings off, so that "parsing", "parsed" and "parses" meet "parse" half-way. Rough on purpose.</summary>
    private static string Stem(string word)
    {
        if (word.Length < 5 || !char.IsAsciiLetter(word[^1]))
        {
            return word.Length == 4 && word[^1] == 's' && word[^2] != 's' ? word[..^1] : word;
        }

        var stem = word switch
        {
            _ when word.EndsWith("ies", StringComparison.Ordinal) => word[..^3] + "y",
            _ when word.EndsWith("sses", StringComparison.Ordinal) => word[..^2],
            _ when word.EndsWith("ing", StringComparison.Ordinal) && word.Length > 6 => Undouble(word[..^3]),
            _ when word.EndsWith("ed", StringComparison.Ordinal) && word.Length > 5 => Undouble(word[..^2]),
            _ when word.EndsWith('s') && word[^2] is not ('s' or 'u' or 'i') => word[..^1],
            _ => word,
        };
        return stem.Length > 4 && stem[^1] == 'e' ? stem[..^1] : stem;
    }

    private static string Undouble(string stem) =>
        stem.Length > 4 && stem[^1] == stem[^2] && stem[^1] is not ('l' or 's' or 'z') ? stem[..^1] : stem;
}
