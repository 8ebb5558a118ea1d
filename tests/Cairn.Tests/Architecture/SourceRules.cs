using System.Text.RegularExpressions;

namespace Cairn.Tests.Architecture;

/// <summary>The rules of style that a text can be held to.</summary>
internal static partial class SourceRules
{
    public const int MaxLines = 400;
    public const int MaxTestLines = 600;

    /// <summary>A type of more lines than this stands in a file of its name.</summary>
    public const int MaxGuestLines = 60;

    public static IEnumerable<string> TooLong(SourceFile file, int most)
    {
        if (file.Lines.Length > most)
        {
            yield return $"{file.Path} has {file.Lines.Length} lines; at most {most}.";
        }
    }

    /// <summary>Names that say nothing about what is inside.</summary>
    public static IEnumerable<string> Vague(string path) =>
        path.Split('/')
            .Where(part => part.Split('.').Any(word => VagueName().IsMatch(word)))
            .Select(part => $"{path}: '{part}' says nothing about what is inside.");

    /// <summary>
    /// File name = type name. Small types that belong together may share a file that is named for one of them or for the
    /// family (ToolData.cs); a large type may not hide there, and a file named like an interface holds that interface.
    /// </summary>
    public static IEnumerable<string> MisplacedTypes(SourceFile file)
    {
        var types = TopLevelTypes(file).ToList();
        var named = types.Any(type => IsNamedFor(file, type.Name));
        if (types.Count > 0 && !named && (types.Count == 1 || InterfaceName().IsMatch(file.Stem)))
        {
            yield return $"{file.Path} holds {string.Join(", ", types.Select(type => type.Name))} and is named for none of them.";
        }

        foreach (var type in types.Where(type => type.Lines > MaxGuestLines && !IsNamedFor(file, type.Name)))
        {
            yield return $"{file.Path}: {type.Name} has {type.Lines} lines; a type of more than {MaxGuestLines} stands in {type.Name}.cs.";
        }
    }

    /// <summary>The types at the left margin, which is where file-scoped namespaces put them.</summary>
    public static IEnumerable<(string Name, int Lines)> TopLevelTypes(SourceFile file)
    {
        for (var start = 0; start < file.Lines.Length; start++)
        {
            var declaration = TypeDeclaration().Match(file.Lines[start]);
            if (declaration.Success)
            {
                yield return (declaration.Groups["name"].Value, End(file.Lines, start) - start + 1);
            }
        }
    }

    /// <summary>A body opens and closes with a brace at the margin; what has none ends with its line or a semicolon.</summary>
    private static int End(string[] lines, int start)
    {
        var end = start;
        while (end < lines.Length - 1 && !lines[end].EndsWith(';') && !lines[end].EndsWith('}'))
        {
            end = lines[end].StartsWith('{') ? Array.FindIndex(lines, end, line => line.StartsWith('}')) : end + 1;
            if (end < 0)
            {
                return lines.Length - 1;
            }
        }

        return end;
    }

    /// <summary>What was left open (in comments; a program may well read such words), and paths that exist only where somebody worked.</summary>
    public static IEnumerable<string> LeftOver(SourceFile file) =>
        file.Lines.SelectMany((line, index) => OpenEnd().Matches(line).Concat(MachinePath().Matches(line))
            .Select(match => $"{file.Path}:{index + 1}: '{match.Value}'"));

    private static bool IsNamedFor(SourceFile file, string type) =>
        file.Stem == type || file.Stem.StartsWith(type + ".", StringComparison.Ordinal);

    [GeneratedRegex(@"(?:^|[a-z0-9])(?:Commons?|Utils?|Utilit(?:y|ies)|Helpers?|Managers?|Misc)$|^(?:common|utils?|helpers?|managers?|misc)$")]
    private static partial Regex VagueName();

    [GeneratedRegex(@"^(?:(?:public|internal|file|sealed|abstract|static|partial|readonly|ref|unsafe) )*(?:class|struct|interface|enum|record struct|record class|record|delegate [\w<>?\[\], .]+?) (?<name>\w+)")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"^I[A-Z][a-z]")]
    private static partial Regex InterfaceName();

    [GeneratedRegex(@"(?://|/\*|<!--|^\s*[#*]).*\b(?:TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex OpenEnd();

    [GeneratedRegex(@"(?<![\w.$})*~])/(?:hom[e]/(?!agent\b)\w+|User[s]/\w+|wor[k]/|roo[t]/\.)[\w./-]*|[A-Z]:\\User[s]\\")]
    private static partial Regex MachinePath();
}
