using System.Text.RegularExpressions;

namespace Cairn.Memory.Indexing;

/// <summary>
/// Makes facts of a program's outline: definitions from there, and by the names that stand in their lines what they call,
/// import, read and write. Names in comments and texts are not taken for calls.
/// </summary>
internal static partial class OutlineExtractor
{
    private const int MostMentions = 20_000;

    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["function"] = "Function", ["func"] = "Function", ["method"] = "Method", ["member"] = "Method", ["generator"] = "Function", ["getter"] = "Method", ["setter"] = "Method",
        ["class"] = "Class", ["struct"] = "Class", ["interface"] = "Interface", ["trait"] = "Interface", ["enum"] = "Type", ["type"] = "Type", ["alias"] = "Type", ["typedef"] = "Type",
        ["union"] = "Type", ["variable"] = "Variable", ["constant"] = "Variable", ["const"] = "Variable", ["var"] = "Variable", ["field"] = "Property", ["property"] = "Property",
        ["macro"] = "Macro", ["enumerator"] = "Variable", ["namespace"] = "Namespace", ["package"] = "Namespace", ["singletonMethod"] = "Method", ["implementation"] = "Class",
    };

    private static readonly HashSet<string> NoCalls =
    [
        "if", "for", "while", "switch", "return", "catch", "function", "sizeof", "typeof", "and", "or", "not", "in", "def", "class", "func", "print", "super", "assert",
        "await", "new", "elif", "else", "with", "lambda", "yield", "case", "when", "defer", "go", "select", "range", "make", "len", "append", "require", "import",
    ];

    public static (List<Entity> Entities, List<Mention> Mentions) Extract(string language, SourceText source, IEnumerable<OutlineTag> tags)
    {
        var entities = new List<Entity>();
        foreach (var tag in tags.Where(tag => Kinds.ContainsKey(tag.Kind)).OrderBy(tag => tag.Line))
        {
            // C's members are fields; the other languages' members are methods.
            var kind = tag.Kind == "member" && language is "c" or "cpp" ? "Property" : Kinds[tag.Kind];
            var scope = tag.Scope.Replace("::", ".", StringComparison.Ordinal);
            entities.Add(new(kind, tag.Name, scope[(scope.LastIndexOf('.') + 1)..], tag.Line, Math.Max(tag.Line, tag.EndLine), tag.Name + tag.Signature));
        }

        return (entities, Mentions(language, source, entities));
    }

    private static List<Mention> Mentions(string language, SourceText source, List<Entity> entities)
    {
        var mentions = new List<Mention>();
        foreach (Match match in Import().Matches(source.Text))
        {
            var target = match.Groups.Values.Skip(1).FirstOrDefault(group => group.Success)?.Value ?? "";
            if (target.Length > 0)
            {
                mentions.Add(new("IMPORTS", "", target, "File", source.LineOf(match.Index)));
            }
        }

        foreach (Match match in Environment().Matches(source.Text))
        {
            var line = source.LineOf(match.Index);
            mentions.Add(new("READS", Innermost(entities, line), match.Groups.Values.Skip(1).First(group => group.Success).Value, "EnvVar", line));
        }

        var code = Blank(language, source, entities, mentions);
        foreach (Match match in Call().Matches(code))
        {
            var line = source.LineOf(match.Index);
            var name = match.Groups["name"].Value;
            var from = Innermost(entities, line);
            if (mentions.Count >= MostMentions)
            {
                break;
            }

            // A definition's own head looks like a call of itself.
            if (!NoCalls.Contains(name) && !entities.Any(entity => entity.Line == line && entity.Name == name))
            {
                var of = match.Groups["of"].Value;
                mentions.Add(new("CALLS", from, of.Length > 0 ? $"{of}.{name}" : name, "Function|Method|Class|Macro", line));
            }
        }

        return mentions;
    }

    /// <summary>The code with blanks for comments and texts; the texts are looked through for queries on the way.</summary>
    private static string Blank(string language, SourceText source, List<Entity> entities, List<Mention> mentions)
    {
        var pattern = language is "python" or "ruby" ? Hashes() : Slashes();
        return pattern.Replace(source.Text, match =>
        {
            if (match.Value[0] is not ('#' or '/'))
            {
                var line = source.LineOf(match.Index);
                mentions.AddRange(TextMentions.Of(match.Value.Trim('"', '\'', '`'), Innermost(entities, line), line));
            }

            return string.Create(match.Length, match.Value, (span, value) =>
            {
                for (var i = 0; i < span.Length; i++)
                {
                    span[i] = value[i] == '\n' ? '\n' : ' ';
                }
            });
        });
    }

    private static string Innermost(List<Entity> entities, int line)
    {
        Entity? best = null;
        foreach (var entity in entities)
        {
            if (entity.Line > line)
            {
                break;
            }

            if (entity.EndLine >= line && entity.Kind is "Function" or "Method" or "Class" && (best is null || entity.EndLine - entity.Line <= best.EndLine - best.Line))
            {
                best = entity;
            }
        }

        return best?.FullName ?? "";
    }

    [GeneratedRegex(@"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w.]+)(?:[ \t]*$|[ \t]+as\b|[ \t]*,)|import\b[^'""\n;]*['""]([^'""\n]+)['""]|#[ \t]*include[ \t]*[<""]([^>""\n]+)[>""]|.*\brequire\(['""]([^'""\n]+)['""]\)|export\b[^'""\n;]*\bfrom[ \t]*['""]([^'""\n]+)['""])", RegexOptions.Multiline)]
    private static partial Regex Import();

    [GeneratedRegex(@"\bos\.environ(?:\.get\(|\[)\s*['""](\w+)['""]|\bos\.getenv\(\s*['""](\w+)['""]|\bprocess\.env\.(\w+)|\bprocess\.env\[['""](\w+)['""]\]|\bos\.(?:Getenv|LookupEnv)\(""(\w+)""\)|\bgetenv\(""(\w+)""\)")]
    private static partial Regex Environment();

    [GeneratedRegex(@"(?:\b(?<of>[A-Za-z_]\w*)\s*(?:\.|->|::)\s*)?(?<![\w.])?\b(?<name>[A-Za-z_]\w*)\s*\(")]
    private static partial Regex Call();

    [GeneratedRegex(@"""""""[\s\S]*?""""""|'''[\s\S]*?'''|""(?:[^""\\\n]|\\.)*""|'(?:[^'\\\n]|\\.)*'|#[^\n]*")]
    private static partial Regex Hashes();

    [GeneratedRegex(@"`(?:[^`\\]|\\.)*`|""(?:[^""\\\n]|\\.)*""|'(?:[^'\\\n]|\\.)*'|//[^\n]*|/\*[\s\S]*?\*/")]
    private static partial Regex Slashes();
}
