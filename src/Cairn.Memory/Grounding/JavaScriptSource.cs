using System.Text.RegularExpressions;

namespace Cairn.Memory.Grounding;

/// <summary>What a JavaScript or TypeScript file imports, exports and calls.</summary>
internal sealed partial class JavaScriptSource
{
    private readonly HashSet<string> _words;

    private JavaScriptSource(string text)
    {
        Scan = SourceScan.JavaScript(text);
        Imports = [.. FindImports()];
        IsModule = Module().IsMatch(Scan.Code);
        _words = [.. Word().Matches(Scan.Code).Select(match => match.Value)];
        Exports = FindExports();
        (Bound, Calls) = FindCalls(text);
    }

    public SourceScan Scan { get; }

    public IReadOnlyList<ImportedModule> Imports { get; }

    /// <summary>The names that it exports; null when they cannot be read from it.</summary>
    public IReadOnlySet<string>? Exports { get; }

    /// <summary>It imports or exports: then what it does not define is not defined by a neighbour either.</summary>
    public bool IsModule { get; }

    /// <summary>Names that occur other than as calls.</summary>
    public HashSet<string> Bound { get; }

    /// <summary>Names that are called as they are.</summary>
    public IReadOnlyList<NameUse> Calls { get; }

    public static JavaScriptSource Read(string text) => new(text);

    /// <summary>Whether a name may be exported: of a file that exports by assignment, any word of it may.</summary>
    public bool MayExport(string name) => Exports is null ? _words.Contains(name) || IsOpen : Exports.Contains(name);

    /// <summary>It hands on what others export, or copies things together.</summary>
    public bool IsOpen { get; private set; }

    private IEnumerable<ImportedModule> FindImports()
    {
        foreach (Match match in Import().Matches(Scan.Code))
        {
            var quote = match.Groups["quote"];
            if (Scan.LiteralAt(quote.Index + 1) is not { IsBuilt: false } literal || IsTypeOnly(match))
            {
                continue;
            }

            var names = match.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Where(name => !name.StartsWith("type ", StringComparison.Ordinal) && !name.StartsWith("...", StringComparison.Ordinal))
                .Select(name => name.Split((char[])[' ', ':', '=', '\n', '\t'], 2)[0]).Where(name => name.Length > 0).ToList();
            yield return new(literal.Value, names, Scan.LineOf(quote.Index), IsGuarded(match.Index));
        }
    }

    private static bool IsTypeOnly(Match match) => match.Value.StartsWith("import type", StringComparison.Ordinal) || match.Value.StartsWith("export type", StringComparison.Ordinal);

    /// <summary>A try stands shortly before it, still open.</summary>
    private bool IsGuarded(int at)
    {
        var from = Math.Max(0, at - 400);
        var before = Scan.Code.AsSpan(from, at - from);
        var attempt = before.LastIndexOf("try");
        return attempt >= 0 && before[attempt..].Count('{') > before[attempt..].Count('}');
    }

    private HashSet<string>? FindExports()
    {
        var code = Scan.Code;
        IsOpen = StarExport().IsMatch(code);
        if (IsOpen || Assigned().IsMatch(code))
        {
            return null;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (Match match in Export().Matches(code))
        {
            names.Add(match.Groups[1].Value);
        }

        foreach (Match match in ExportList().Matches(code))
        {
            foreach (var each in match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                names.Add(each.Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries)[^1]);
            }
        }

        // `export const { a, b } = …` and `export const a = 1, b = 2`.
        foreach (Match match in ExportPattern().Matches(code))
        {
            names.UnionWith(Word().Matches(match.Groups[1].Value).Select(word => word.Value));
        }

        return names.Count == 0 && !code.Contains("export", StringComparison.Ordinal) ? null : names;
    }

    private (HashSet<string> Bound, List<NameUse> Calls) FindCalls(string text)
    {
        var (bound, calls) = (new HashSet<string>(StringComparer.Ordinal), new List<NameUse>());
        var code = Scan.Code;
        foreach (Match match in Word().Matches(code))
        {
            var before = match.Index - 1;
            while (before >= 0 && code[before] is ' ' or '\t')
            {
                before--;
            }

            var after = match.Index + match.Length;
            while (after < code.Length && code[after] is ' ' or '\t')
            {
                after++;
            }

            var isMember = before >= 0 && code[before] is '.' or '#' && !(before >= 2 && code[before - 1] == '.' && code[before - 2] == '.');
            if (isMember)
            {
                continue;
            }

            if (after >= code.Length || code[after] != '(' || IsDeclared(code, before) || IsMethod(code, after))
            {
                bound.Add(match.Value);
            }
            else
            {
                calls.Add(new(match.Value, Scan.LineOf(match.Index)));
            }
        }

        foreach (Match match in GlobalNote().Matches(text))
        {
            bound.UnionWith(Word().Matches(match.Groups[1].Value).Select(word => word.Value));
        }

        return (bound, calls);
    }

    private static bool IsDeclared(string code, int before)
    {
        var end = before + 1;
        while (before >= 0 && (char.IsAsciiLetter(code[before]) || code[before] == '*'))
        {
            before--;
        }

        return code[(before + 1)..end] is "function" or "function*" or "class" or "get" or "set" or "async" or "static" or "new*";
    }

    /// <summary>What follows the closing bracket of a method's parameters, and of no call's.</summary>
    private static bool IsMethod(string code, int open)
    {
        var depth = 0;
        var at = open;
        for (; at < code.Length; at++)
        {
            depth += code[at] is '(' ? 1 : code[at] is ')' ? -1 : 0;
            if (depth == 0)
            {
                break;
            }
        }

        for (at++; at < code.Length && char.IsWhiteSpace(code[at]);)
        {
            at++;
        }

        return at < code.Length && (code[at] is '{' or ':' || (code[at] == '=' && at + 1 < code.Length && code[at + 1] == '>'));
    }

    [GeneratedRegex(@"[A-Za-z_$][\w$]*")]
    private static partial Regex Word();

    [GeneratedRegex(@"^\s*(?:import|export)\b|\brequire\(|\bmodule\.exports\b", RegexOptions.Multiline)]
    private static partial Regex Module();

    [GeneratedRegex(@"\bimport\s*(?:type\s+)?(?:[\w$]+\s*,?\s*)?(?:\{(?<names>[^}]*)\}\s*|\*\s*as\s+[\w$]+\s*)?from\s*(?<quote>['""])|\bimport\s*(?<quote>['""])|\bexport\s*(?:type\s*)?(?:\{(?<names>[^}]*)\}|\*(?:\s*as\s+[\w$]+)?)\s*from\s*(?<quote>['""])|(?:(?:const|let|var)\s*\{(?<names>[^}]*)\}\s*=\s*)?\brequire(?:\.resolve)?\(\s*(?<quote>['""])(?=\s*['""]\s*\))|\bimport\(\s*(?<quote>['""])|\b(?:jest|vi|vitest)\.(?:mock|unmock|doMock|requireActual|importActual|requireMock)\(\s*(?<quote>['""])")]
    private static partial Regex Import();

    [GeneratedRegex(@"\bexport\s*\*(?!\s*as)|\b__exportStar\(|\btslib\w*\.__exportStar\(")]
    private static partial Regex StarExport();

    [GeneratedRegex(@"\bmodule\.exports\b|\bexports\s*\[|\bexports\.\w|\bexport\s*=|\bObject\.(?:assign|defineProperty)\(\s*(?:module\.)?exports")]
    private static partial Regex Assigned();

    [GeneratedRegex(@"\bexport\s+(?:declare\s+)?(?:default\s+)?(?:abstract\s+)?(?:async\s+)?(?:const\s+enum|const|let|var|function\s*\*?|class|interface|type|enum|namespace|module)\s+([\w$]+)")]
    private static partial Regex Export();

    [GeneratedRegex(@"\bexport\s*(?:type\s*)?\{([^}]*)\}")]
    private static partial Regex ExportList();

    [GeneratedRegex(@"\bexport\s+(?:const|let|var)\s+([^;]*?)(?:;|\n\s*\n|\n(?=export|import|function|class))")]
    private static partial Regex ExportPattern();

    [GeneratedRegex(@"/\*\s*(?:global|globals|exported)\s+([^*]*)\*/")]
    private static partial Regex GlobalNote();
}
