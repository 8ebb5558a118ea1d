using System.Text.RegularExpressions;

namespace Cairn.Memory.Indexing;

/// <summary>Reads documents, decisions, configuration and ownership.</summary>
internal static partial class DocumentExtractor
{
    private const int MostNames = 500;

    private static readonly string[] PersonKeys = ["decided_by", "owner", "author"];

    public static (List<Entity> Entities, List<Mention> Mentions) Markdown(string path, SourceText source)
    {
        var (entities, mentions) = (new List<Entity>(), new List<Mention>());
        var properties = new Dictionary<string, string>();
        if (FrontMatter().Match(source.Text) is { Success: true } front)
        {
            foreach (Match pair in Pair().Matches(front.Groups[1].Value))
            {
                properties[pair.Groups[1].Value.ToLowerInvariant()] = pair.Groups[2].Value.Trim().Trim('"', '\'');
            }
        }

        var headings = Heading().Matches(source.Text);
        var title = properties.GetValueOrDefault("title") ?? headings.FirstOrDefault()?.Groups[2].Value.Trim() ?? Path.GetFileNameWithoutExtension(path);
        if (!properties.ContainsKey("status") && Status().Match(source.Text) is { Success: true } status)
        {
            properties["status"] = status.Groups[1].Value.Trim();
        }

        entities.Add(new(KindOf(path), title, "", 1, source.Lines, source.Slice(1, 12)) { Properties = properties });
        for (var i = 0; i < headings.Count; i++)
        {
            var line = source.LineOf(headings[i].Index);
            var end = i + 1 < headings.Count ? source.LineOf(headings[i + 1].Index) - 1 : source.Lines;
            entities.Add(new("Section", headings[i].Groups[2].Value.Trim(), title, line, end, source.Slice(line, Math.Min(end, line + 8))));
        }

        foreach (Match match in Code().Matches(source.Text).Take(MostNames))
        {
            var isPath = match.Groups[1].Value.Contains('/', StringComparison.Ordinal);
            mentions.Add(new("MENTIONS", title, match.Groups[1].Value.TrimEnd('(', ')'), isPath ? "File" : "", source.LineOf(match.Index)));
        }

        if (properties.TryGetValue("caused_by", out var cause))
        {
            mentions.Add(new("CAUSED_BY", title, cause, "", 1));
        }

        foreach (var person in PersonKeys.Where(properties.ContainsKey))
        {
            entities.Add(new("Person", properties[person], "", 1, 1, person));
            mentions.Add(new(person == "decided_by" ? "DECIDED_BY" : "OWNED_BY", title, properties[person], "Person", 1));
        }

        return (entities, mentions);
    }

    public static (List<Entity> Entities, List<Mention> Mentions) Env(SourceText source) =>
        ([.. Variable().Matches(source.Text).Select(match => new Entity("EnvVar", match.Groups[1].Value, "", source.LineOf(match.Index), source.LineOf(match.Index), match.Groups[1].Value))], []);

    public static (List<Entity> Entities, List<Mention> Mentions) Dockerfile(string path, SourceText source)
    {
        var (entities, mentions) = (new List<Entity> { new("Image", path, "", 1, source.Lines, source.Slice(1, 10)) }, new List<Mention>());
        foreach (Match match in From().Matches(source.Text))
        {
            entities.Add(new("Package", match.Groups[1].Value, "", source.LineOf(match.Index), source.LineOf(match.Index), match.Value));
            mentions.Add(new("DEPENDS_ON", path, match.Groups[1].Value, "Package", source.LineOf(match.Index)));
        }

        foreach (Match match in DockerEnv().Matches(source.Text))
        {
            entities.Add(new("EnvVar", match.Groups[1].Value, "", source.LineOf(match.Index), source.LineOf(match.Index), match.Groups[1].Value));
        }

        return (entities, mentions);
    }

    public static (List<Entity> Entities, List<Mention> Mentions) Owners(SourceText source)
    {
        var (entities, mentions) = (new List<Entity>(), new List<Mention>());
        foreach (Match match in Owner().Matches(source.Text))
        {
            var line = source.LineOf(match.Index);
            foreach (var owner in match.Groups[2].Value.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            {
                if (entities.All(entity => entity.Name != owner))
                {
                    entities.Add(new("Owner", owner, "", line, line, owner));
                }

                mentions.Add(new("OWNS", owner, match.Groups[1].Value, "Pattern", line));
            }
        }

        return (entities, mentions);
    }

    private static string KindOf(string path)
    {
        var lower = path.ToLowerInvariant();
        return lower switch
        {
            _ when AdrPath().IsMatch(lower) => "Decision",
            _ when lower.Contains("incident", StringComparison.Ordinal) || lower.Contains("postmortem", StringComparison.Ordinal) => "Incident",
            _ when lower.Contains("runbook", StringComparison.Ordinal) => "Runbook",
            _ => "Doc",
        };
    }

    [GeneratedRegex(@"(^|/)(adrs?|decisions)/")]
    private static partial Regex AdrPath();

    [GeneratedRegex(@"\A---\r?\n([\s\S]*?)\r?\n---\r?\n")]
    private static partial Regex FrontMatter();

    [GeneratedRegex(@"^([\w-]+):[ \t]*([^\r\n]*)", RegexOptions.Multiline)]
    private static partial Regex Pair();

    [GeneratedRegex(@"^(#{1,4})[ \t]+([^\r\n]+)", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^(?:\*\*)?Status(?:\*\*)?:?[ \t]*([A-Za-z]+)", RegexOptions.Multiline)]
    private static partial Regex Status();

    [GeneratedRegex(@"`([\w./-]{3,80}(?:\(\))?)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^(?:export[ \t]+)?([A-Z][A-Z0-9_]+)[ \t]*=", RegexOptions.Multiline)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^FROM[ \t]+(?:--\S+[ \t]+)?(\S+)", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex From();

    [GeneratedRegex(@"^(?:ENV|ARG)[ \t]+(\w+)", RegexOptions.Multiline)]
    private static partial Regex DockerEnv();

    [GeneratedRegex(@"^(?!#)(\S+)[ \t]+([^#\r\n]+)", RegexOptions.Multiline)]
    private static partial Regex Owner();
}
