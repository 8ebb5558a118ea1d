using System.Text.RegularExpressions;

namespace Cairn.Tests.Memory.Cypher;

/// <summary>One step of a scenario: its line, the text in quotes below it, the table below it.</summary>
internal sealed record FeatureStep(string Line, string Text, IReadOnlyList<IReadOnlyList<string>> Table);

/// <summary>One scenario, an outline's with its example filled in.</summary>
internal sealed record Scenario(string Name, IReadOnlyList<FeatureStep> Steps);

/// <summary>Reads the feature files of the openCypher Technology Compatibility Kit.</summary>
internal static partial class FeatureFile
{
    public static IEnumerable<Scenario> Read(string path)
    {
        var lines = File.ReadAllLines(path);
        var background = new List<FeatureStep>();
        for (var i = 0; i < lines.Length;)
        {
            var header = Header().Match(lines[i]);
            if (!header.Success)
            {
                i++;
                continue;
            }

            var end = i + 1;
            while (end < lines.Length && !Header().IsMatch(lines[end]))
            {
                end++;
            }

            if (header.Groups[1].Value == "Background")
            {
                background = Steps(lines[(i + 1)..end]);
            }
            else
            {
                foreach (var scenario in Scenarios($"{Path.GetFileNameWithoutExtension(path)} {header.Groups[2].Value.Trim()}", lines[(i + 1)..end]))
                {
                    yield return scenario with { Steps = [.. background, .. scenario.Steps] };
                }
            }

            i = end;
        }
    }

    private static IEnumerable<Scenario> Scenarios(string name, string[] lines)
    {
        var examples = Array.FindIndex(lines, line => line.TrimStart().StartsWith("Examples", StringComparison.Ordinal));
        var steps = Steps(examples < 0 ? lines : lines[..examples]);
        if (examples < 0)
        {
            yield return new(name, steps);
            yield break;
        }

        IReadOnlyList<string>? head = null;
        foreach (var line in lines[examples..])
        {
            if (line.TrimStart().StartsWith("Examples", StringComparison.Ordinal))
            {
                head = null;
            }
            else if (line.TrimStart().StartsWith('|'))
            {
                var cells = Cells(line);
                if (head is null)
                {
                    head = cells;
                    continue;
                }

                string Fill(string text) => head.Zip(cells).Aggregate(text, (sum, pair) => sum.Replace($"<{pair.First}>", pair.Second, StringComparison.Ordinal));
                yield return new(
                    $"{name} | {string.Join(" | ", cells)}",
                    [.. steps.Select(step => new FeatureStep(Fill(step.Line), Fill(step.Text), [.. step.Table.Select(row => (IReadOnlyList<string>)[.. row.Select(Fill)])]))]);
            }
        }
    }

    private static List<FeatureStep> Steps(string[] lines)
    {
        var steps = new List<FeatureStep>();
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.StartsWith("\"\"\"", StringComparison.Ordinal))
            {
                var end = Array.FindIndex(lines, i + 1, each => each.Trim() == "\"\"\"");
                steps[^1] = steps[^1] with { Text = string.Join('\n', lines[(i + 1)..end]) };
                i = end;
            }
            else if (line.StartsWith('|'))
            {
                steps[^1] = steps[^1] with { Table = [.. steps[^1].Table, Cells(line)] };
            }
            else if (line.Length > 0 && !line.StartsWith('#') && !line.StartsWith('@'))
            {
                steps.Add(new(Lead().Replace(line, ""), "", []));
            }
        }

        return steps;
    }

    private static List<string> Cells(string line) => [.. Bar().Split(line.Trim().Trim('|')).Select(cell => Escape().Replace(cell.Trim(), match => match.Value[1] == 'n' ? "\n" : match.Value[1..]))];

    [GeneratedRegex(@"^\s*(Background|Scenario Outline|Scenario):(.*)$")]
    private static partial Regex Header();

    [GeneratedRegex(@"^(Given|When|Then|And|But)\s+")]
    private static partial Regex Lead();

    [GeneratedRegex(@"\\[n\\|]")]
    private static partial Regex Escape();

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Bar();
}
