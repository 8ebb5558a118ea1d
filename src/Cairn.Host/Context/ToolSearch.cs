using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// Which of a run's tools are described in its prompts, and how the others are found. What is described is decided once, when
/// the run begins, and in the order of the registry: the beginning of its prompts never changes.
/// </summary>
internal static class ToolSearch
{
    /// <summary>The most tools that are described in a prompt; the built-in ones always are.</summary>
    public const int MaxDescribed = 40;

    private const int MaxFound = 8;
    private const int LeastWord = 3;

    /// <summary>The tools that are described, in the given order, and whether there are more of them.</summary>
    /// <param name="tools">All tools of the run, in the registry's order.</param>
    /// <param name="need">The task and the role: what they name, or are about, is described.</param>
    public static (ImmutableArray<ToolDescriptor> Described, bool More) Choose(IReadOnlyList<ToolDescriptor> tools, string need)
    {
        var plain = tools.Where(t => !IsDiscovery(t.Name)).ToList();
        if (plain.Count <= MaxDescribed)
        {
            return ([.. plain], false);
        }

        var built = plain.Count(t => t.Source == "built-in") + tools.Count - plain.Count;
        var chosen = Rank([.. plain.Where(t => t.Source != "built-in")], need).Where(r => r.Score > 0)
            .Take(Math.Max(0, MaxDescribed - built)).Select(r => r.Tool.Name).ToHashSet(StringComparer.Ordinal);
        return ([.. tools.Where(t => t.Source == "built-in" || chosen.Contains(t.Name))], true);
    }

    /// <summary>What an agent that searches is told.</summary>
    public static string Find(IEnumerable<ToolDescriptor> tools, string query)
    {
        var found = Rank([.. tools.Where(t => !IsDiscovery(t.Name))], query).Where(r => r.Score > 0).Take(MaxFound).ToList();
        return found.Count == 0
            ? $"No tool is about {SafeText.Line(query, 200)}. Try other words for what it should do."
            : string.Join("\n\n", found.Select(r => $"{r.Tool.Name}: {r.Tool.Description}\narguments: {r.Tool.Schema}"));
    }

    /// <summary>find_tools and use_tool, which a run has only when it has too many others.</summary>
    public static bool IsDiscovery(string name) => name is KernelTools.FindTools or KernelTools.UseTool;

    /// <summary>Rare words count more than common ones, and words of the name more than those of the description.</summary>
    private static IEnumerable<(ToolDescriptor Tool, double Score)> Rank(IReadOnlyList<ToolDescriptor> tools, string need)
    {
        var wanted = Words(need).ToHashSet(StringComparer.Ordinal);
        var words = tools.Select(t => (Name: Words(t.Name).ToHashSet(StringComparer.Ordinal), Text: Words(t.Description).ToHashSet(StringComparer.Ordinal))).ToList();
        var common = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in words.SelectMany(w => w.Name.Union(w.Text)).Where(wanted.Contains))
        {
            common[word] = common.GetValueOrDefault(word) + 1;
        }

        return tools
            .Select((tool, i) => (Tool: tool, Order: i, Score: common.Sum(c =>
                Math.Log(1.0 + ((double)tools.Count / c.Value)) * ((words[i].Name.Contains(c.Key) ? 3 : 0) + (words[i].Text.Contains(c.Key) ? 1 : 0)))
                + (need.Contains(tool.Name, StringComparison.Ordinal) ? 100 : 0)))
            .OrderByDescending(r => r.Score).ThenBy(r => r.Order).Select(r => (r.Tool, r.Score));
    }

    private static IEnumerable<string> Words(string text)
    {
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var letter = i < text.Length && char.IsLetterOrDigit(text[i]);
            if (letter && start < 0)
            {
                start = i;
            }
            else if (!letter && start >= 0)
            {
                if (i - start >= LeastWord)
                {
                    // Issues and issue are the same to who searches.
                    yield return text[start..i].ToLowerInvariant().TrimEnd('s');
                }

                start = -1;
            }
        }
    }
}
