using System.Text.RegularExpressions;
using System.Xml.Linq;
using Mono.Cecil;

namespace Cairn.Tests.Architecture;

/// <summary>What documentation is held to: public types are explained, and every path and link leads somewhere.</summary>
internal static partial class DocumentationRules
{
    /// <summary>Public types without a summary in the compiler's documentation file.</summary>
    public static IEnumerable<string> Unexplained(IEnumerable<TypeDefinition> types, string documentation)
    {
        var explained = XDocument.Parse(documentation).Descendants("member")
            .Where(member => member.Element("inheritdoc") is not null || !string.IsNullOrWhiteSpace(member.Element("summary")?.Value))
            .Select(member => (string?)member.Attribute("name"))
            .ToHashSet();
        return IntermediateCode.WithNested(types)
            .Where(IsVisible)
            .Where(type => !explained.Contains("T:" + type.FullName.Replace('/', '.')))
            .Select(type => $"{type.FullName} has no <summary>.");
    }

    /// <summary>Links, anchors and paths in a page that lead nowhere.</summary>
    /// <param name="page">A Markdown page.</param>
    /// <param name="exists">Tells whether a path from the root (may hold * and **) exists.</param>
    /// <param name="read">Reads another page by its path from the root.</param>
    /// <param name="folders">The folders at the root: a code span that begins with one of them is a path.</param>
    public static IEnumerable<string> DeadEnds(
        SourceFile page, Func<string, bool> exists, Func<string, SourceFile> read, IReadOnlySet<string> folders)
    {
        foreach (var (line, number) in Prose(page))
        {
            foreach (var target in Links(line))
            {
                if (Problem(page, target, exists, read) is { } problem)
                {
                    yield return $"{page.Path}:{number}: {target} {problem}";
                }
            }

            foreach (var path in Paths(line, folders).Where(path => !exists(path)))
            {
                yield return $"{page.Path}:{number}: {path} does not exist.";
            }
        }
    }

    /// <summary>The anchor that a heading gets: lower case, words joined by dashes, punctuation dropped.</summary>
    public static string Anchor(string heading) =>
        NotInAnchor().Replace(heading.Trim().ToLowerInvariant(), "").Replace(' ', '-');

    private static string? Problem(SourceFile page, string target, Func<string, bool> exists, Func<string, SourceFile> read)
    {
        if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
        {
            return null;
        }

        var parts = target.Split('#', 2);
        var path = parts[0].Length == 0 ? page.Path : FromRoot(page.Path, parts[0]);
        if (!exists(path))
        {
            return "does not exist.";
        }

        return parts.Length == 2 && path.EndsWith(".md", StringComparison.Ordinal) && !Anchors(read(path)).Contains(parts[1])
            ? "names a heading that is not there."
            : null;
    }

    private static string FromRoot(string page, string target) =>
        Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", Path.GetDirectoryName(page) ?? "", target)));

    private static HashSet<string> Anchors(SourceFile page) =>
        [.. Prose(page).Where(each => each.Line.StartsWith('#')).Select(each => Anchor(each.Line.TrimStart('#')))];

    private static IEnumerable<string> Links(string line) =>
        InlineLink().Matches(CodeSpan().Replace(line, "")).Concat(LinkDefinition().Matches(line)).Select(match => match.Groups["target"].Value);

    private static IEnumerable<string> Paths(string line, IReadOnlySet<string> folders) =>
        CodeSpan().Matches(line)
            .Select(match => match.Groups["code"].Value.Split(' ')[0])
            .Select(code => code.StartsWith("./", StringComparison.Ordinal) ? code[2..] : code)
            .Where(code => code.Contains('/', StringComparison.Ordinal) && folders.Contains(code.Split('/')[0]));

    /// <summary>The lines outside fenced blocks, with their numbers.</summary>
    private static IEnumerable<(string Line, int Number)> Prose(SourceFile page)
    {
        var fenced = false;
        for (var index = 0; index < page.Lines.Length; index++)
        {
            if (page.Lines[index].TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                fenced = !fenced;
            }
            else if (!fenced)
            {
                yield return (page.Lines[index], index + 1);
            }
        }
    }

    private static bool IsVisible(TypeDefinition type) =>
        type.IsPublic || (type.IsNestedPublic && IsVisible(type.DeclaringType));

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)(?:\s+""[^""]*"")?\)")]
    private static partial Regex InlineLink();

    [GeneratedRegex(@"^\s{0,3}\[[^\]]+\]:\s*(?<target>\S+)")]
    private static partial Regex LinkDefinition();

    [GeneratedRegex(@"`(?<code>[^`]+)`")]
    private static partial Regex CodeSpan();
}
