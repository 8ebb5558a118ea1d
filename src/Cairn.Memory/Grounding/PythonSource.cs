using System.Text.RegularExpressions;

namespace Cairn.Memory.Grounding;

/// <summary>
/// What a Python file imports, binds, calls and replaces in tests. Whatever might bind a name counts as binding it: better to
/// miss a wrong name than to doubt a right one.
/// </summary>
internal sealed partial class PythonSource
{
    private PythonSource(SourceScan scan, string text)
    {
        Scan = scan;
        Imports = [.. FindImports(scan.Code)];
        Bound = FindBound(scan.Code);
        foreach (var name in Imports.SelectMany(import => import.Names.Count > 0 ? import.Names : [import.Module.Split('.')[0]]))
        {
            Bound.Add(name);
        }

        IsDynamic = Imports.Any(import => import.Names.Contains("*")) || Dynamic().IsMatch(text);
        Calls = [.. Call().Matches(scan.Code).Where(match => !InCase(scan.Code, match.Index)).Select(match => new NameUse(match.Groups[1].Value, scan.LineOf(match.Index)))];
        Patches = [.. Patch().Matches(scan.Code).Select(match => (scan.LiteralAt(match.Groups[1].Index + 1), scan.LineOf(match.Index))).Where(each => each.Item1 is { IsBuilt: false }).Select(each => new NameUse(each.Item1!.Value.Value, each.Item2))];
    }

    public SourceScan Scan { get; }

    public IReadOnlyList<ImportedModule> Imports { get; }

    /// <summary>Names that something in the file may bind, at any depth.</summary>
    public HashSet<string> Bound { get; }

    /// <summary>It takes or makes names that cannot be read from it.</summary>
    public bool IsDynamic { get; }

    /// <summary>Names that are called as they are.</summary>
    public IReadOnlyList<NameUse> Calls { get; }

    /// <summary>Dotted names that a test puts something else in the place of.</summary>
    public IReadOnlyList<NameUse> Patches { get; }

    public static PythonSource Read(string text) => new(SourceScan.Python(text), text);

    private IEnumerable<ImportedModule> FindImports(string code)
    {
        foreach (Match match in From().Matches(code))
        {
            var names = match.Groups[3].Value.Replace("\\\n", " ", StringComparison.Ordinal).Trim('(', ')', ' ', '\t', '\n')
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            yield return new(match.Groups[2].Value, [.. names.Select(name => name.Split((char[])[' ', '\t', '\n'], 2)[0]).Where(name => name == "*" || Word().IsMatch(name))], Scan.LineOf(match.Groups[2].Index), IsGuarded(code, match));
        }

        foreach (Match match in Import().Matches(code))
        {
            foreach (var name in match.Groups[2].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split(',', StringSplitOptions.TrimEntries))
            {
                var module = name.Split((char[])[' ', '\t'], 2)[0];
                if (Dotted().IsMatch(module))
                {
                    yield return new(module, [], Scan.LineOf(match.Groups[2].Index), IsGuarded(code, match));
                }
            }
        }
    }

    /// <summary>Any line above it, less far in, that begins a try or a condition.</summary>
    private static bool IsGuarded(string code, Match match)
    {
        var indent = match.Groups[1].Length;
        for (var end = match.Index - 1; indent > 0 && end > 0;)
        {
            var start = code.LastIndexOf('\n', end - 1) + 1;
            var line = code[start..end];
            var own = line.Length - line.TrimStart().Length;
            if (own < indent && own < line.Length)
            {
                if (Guard().IsMatch(line))
                {
                    return true;
                }

                indent = own;
            }

            end = start - 1;
        }

        return false;
    }

    private static HashSet<string> FindBound(string code)
    {
        var bound = new HashSet<string>(StringComparer.Ordinal);
        foreach (Match match in Binder().Matches(code))
        {
            foreach (var group in match.Groups.Values.Skip(1).Where(group => group.Success))
            {
                foreach (Match word in AnyWord().Matches(group.Value))
                {
                    bound.Add(word.Value);
                }
            }
        }

        foreach (Match match in Definition().Matches(code))
        {
            bound.Add(match.Groups[1].Value);
            var open = match.Index + match.Length - 1;
            if (code[open] == '(')
            {
                foreach (Match word in AnyWord().Matches(code[open..Close(code, open)]))
                {
                    bound.Add(word.Value);
                }
            }
        }

        return bound;
    }

    private static int Close(string code, int open)
    {
        var depth = 0;
        for (var i = open; i < code.Length; i++)
        {
            depth += code[i] is '(' or '[' ? 1 : code[i] is ')' or ']' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        return code.Length;
    }

    private static bool InCase(string code, int at)
    {
        var start = at == 0 ? 0 : code.LastIndexOf('\n', at - 1) + 1;
        return code.AsSpan(start).TrimStart().StartsWith("case ", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^([ \t]*)from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|(?:\\\n|[^\n;])*)", RegexOptions.Multiline)]
    private static partial Regex From();

    [GeneratedRegex(@"^([ \t]*)import[ \t]+((?:\\\n|[^\n;])+)", RegexOptions.Multiline)]
    private static partial Regex Import();

    [GeneratedRegex(@"^\s*(?:try|except|if|elif|else|with|finally)\b")]
    private static partial Regex Guard();

    [GeneratedRegex(@"^[\w]+(?:\.\w+)*$")]
    private static partial Regex Dotted();

    [GeneratedRegex(@"^\w+$")]
    private static partial Regex Word();

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex AnyWord();

    // Targets of assignments, loops, with, except, lambdas and declarations.
    [GeneratedRegex(@"^[ \t]*\(?((?>\w[\w, \t*.\[\]:]*))\)?[ \t]*(?:[-+/%&|^@]|//|<<|>>)?=(?!=)|\b([A-Za-z_]\w*)[ \t]*:?=(?!=)|\bfor\s+([\w\s,()*.\[\]]+?)\s+in\b|\bas\s+(\w+|\([^)]*\))|\blambda\b([^:\n]*):|\b(?:global|nonlocal|type|del)\s+([\w, \t]+)|^[ \t]*(\w+)[ \t]*:", RegexOptions.Multiline)]
    private static partial Regex Binder();

    [GeneratedRegex(@"\b(?:def|class)\s+(\w+)\s*(?:\[[^\]\n]*\])?\s*[(:]")]
    private static partial Regex Definition();

    [GeneratedRegex(@"(?<![\w.@])([A-Za-z_]\w*)[ \t]*\(")]
    private static partial Regex Call();

    [GeneratedRegex(@"(?<!\w)(?:mock\.|mocker\.)?patch\(\s*[rbuRBU]?(['""])")]
    private static partial Regex Patch();

    [GeneratedRegex(@"\bglobals\(\)|\blocals\(\)\[|\bsys\.modules\[|\bdef __getattr__\(|\bexec\(|__builtins__|\bbuiltins\.\w+\s*=")]
    private static partial Regex Dynamic();
}
