using System.Text;
using System.Text.RegularExpressions;

namespace Cairn.Memory.Indexing;

/// <summary>The rules of the .gitignore files that hold for a folder: its own and those of the folders above.</summary>
internal sealed class IgnoreRules
{
    /// <summary>The most rules of one file; further ones are not looked at.</summary>
    public const int MaxRules = 2_000;

    private readonly IgnoreRules? _above;
    private readonly string _folder;
    private readonly List<(Regex Pattern, bool Includes, bool FoldersOnly)> _rules;

    private IgnoreRules(IgnoreRules? above, string folder, List<(Regex Pattern, bool Includes, bool FoldersOnly)> rules) => (_above, _folder, _rules) = (above, folder, rules);

    /// <summary>No rules.</summary>
    public static IgnoreRules None { get; } = new(null, "", []);

    /// <summary>The rules for a folder that has a .gitignore of its own.</summary>
    /// <param name="folder">Relative to the repository; "" for its root.</param>
    /// <param name="text">The file's text.</param>
    public IgnoreRules Under(string folder, string text)
    {
        var rules = text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0 && line[0] != '#').Take(MaxRules).Select(Rule).OfType<(Regex, bool, bool)>().ToList();
        return new(this, folder.Length == 0 ? "" : folder + "/", rules);
    }

    /// <summary>Whether a path is left out. What is in a folder that is left out is not asked for.</summary>
    public bool Ignores(string path, bool isFolder)
    {
        var relative = path[_folder.Length..];
        for (var i = _rules.Count - 1; i >= 0; i--)
        {
            if ((isFolder || !_rules[i].FoldersOnly) && _rules[i].Pattern.IsMatch(relative))
            {
                return !_rules[i].Includes;
            }
        }

        return _above?.Ignores(path, isFolder) ?? false;
    }

    private static (Regex, bool, bool)? Rule(string line)
    {
        var text = line.EndsWith("\\ ", StringComparison.Ordinal) ? line : line.TrimEnd(' ', '\t');
        var includes = text.StartsWith('!');
        text = includes ? text[1..] : text;
        var foldersOnly = text.EndsWith('/');
        text = foldersOnly ? text[..^1] : text;
        if (text.Length == 0)
        {
            return null;
        }

        // A slash at the beginning or in the middle ties a rule to the folder of its file.
        var isTied = text.Contains('/', StringComparison.Ordinal);
        var pattern = new StringBuilder(isTied ? "^" : "^(?:.*/)?");
        Translate(text.TrimStart('/'), pattern);
        try
        {
            // Without backtracking: the rules are the repository's, and nobody vouches for them.
            return (new Regex(pattern.Append('$').ToString(), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking), includes, foldersOnly);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static void Translate(string text, StringBuilder pattern)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '*' && i + 1 < text.Length && text[i + 1] == '*')
            {
                var ends = i + 2 == text.Length;
                pattern.Append(ends ? ".*" : "(?:.*/)?");
                i += ends || text[i + 2] != '/' ? 1 : 2;
            }
            else if (c == '[' && text.IndexOf(']', Math.Min(i + 2, text.Length)) is > 0 and var close)
            {
                var inside = text[(i + 1)..close];
                pattern.Append('[').Append(inside.StartsWith('!') ? "^" + Class(inside[1..]) : Class(inside)).Append(']');
                i = close;
            }
            else
            {
                pattern.Append(c switch { '*' => "[^/]*", '?' => "[^/]", '\\' when i + 1 < text.Length => Regex.Escape(text[++i].ToString()), _ => Regex.Escape(c.ToString()) });
            }
        }
    }

    private static string Class(string inside) => inside.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);
}
