using System.Text.RegularExpressions;
using Cairn.Memory.Cypher;
using Cairn.Memory.Graph;

namespace Cairn.Tests.Memory.Cypher;

/// <summary>What became of a scenario.</summary>
internal enum Verdict
{
    Passed,
    Failed,

    /// <summary>It asks for what this Cypher does not promise: writing, procedures, times and dates, subqueries.</summary>
    Outside,
}

/// <summary>Carries out scenarios of the openCypher Technology Compatibility Kit.</summary>
internal static partial class OpenCypherKit
{
    private static readonly QueryLimits Limits = new();

    public static (Verdict Verdict, string Why) Run(Scenario scenario, string graphs)
    {
        var query = scenario.Steps.LastOrDefault(step => step.Line.StartsWith("executing query", StringComparison.Ordinal))?.Text ?? "";
        if (Beyond().IsMatch(Quotes().Replace(query, "''")) || scenario.Steps.Any(step => step.Line.StartsWith("there exists a procedure", StringComparison.Ordinal) || step.Line.StartsWith("executing control query", StringComparison.Ordinal)))
        {
            return (Verdict.Outside, "");
        }

        GraphSnapshot graph;
        try
        {
            graph = Prepare(scenario, graphs);
        }
        catch (CypherException e)
        {
            return (Verdict.Outside, "set-up: " + e.Message);
        }

        return Judge(scenario, query, graph);
    }

    private static GraphSnapshot Prepare(Scenario scenario, string graphs)
    {
        var graph = GraphSnapshot.Empty();
        foreach (var step in scenario.Steps)
        {
            if (NamedGraph().Match(step.Line) is { Success: true } named)
            {
                var name = named.Groups[1].Value;
                graph = Change(graph, File.ReadAllText(Path.Combine(graphs, name, name + ".cypher")));
            }
            else if (step.Line.StartsWith("having executed", StringComparison.Ordinal))
            {
                graph = Change(graph, step.Text);
            }
        }

        return graph;
    }

    private static GraphSnapshot Change(GraphSnapshot graph, string text)
    {
        var edit = graph.Edit();
        CypherQuery.Parse(text, writes: true).Run(graph, new Dictionary<string, object?>(), Limits, edit, CancellationToken.None);
        return edit.Commit();
    }

    private static (Verdict, string) Judge(Scenario scenario, string query, GraphSnapshot graph)
    {
        var expected = scenario.Steps.First(step => step.Line.StartsWith("the result should be", StringComparison.Ordinal) || step.Line.Contains("should be raised", StringComparison.Ordinal));
        var parsed = false;
        try
        {
            var parse = CypherQuery.Parse(query);
            parsed = true;
            var result = parse.Run(graph, Parameters(scenario), Limits, CancellationToken.None);
            return expected.Line.Contains("should be raised", StringComparison.Ordinal)
                ? (Verdict.Failed, "no error; expected: " + expected.Line)
                : Compare(expected, result);
        }
        catch (CypherException e)
        {
            var error = Raised().Match(expected.Line);
            if (!error.Success)
            {
                return (Verdict.Failed, e.Message);
            }

            var kind = error.Groups[1].Value switch
            {
                "SyntaxError" or "SemanticError" => CypherFault.Syntax,
                "TypeError" => CypherFault.Type,
                "ArgumentError" => CypherFault.Argument,
                "ArithmeticError" => CypherFault.Arithmetic,
                _ => CypherFault.Parameter,
            };
            return e.Fault != kind || (error.Groups[2].Value == "compile time" && parsed)
                ? (Verdict.Failed, $"{e.Fault} {e.Detail}{(parsed ? " at run time" : "")} ({e.Message}); expected: {expected.Line}")
                : (Verdict.Passed, "");
        }
        catch (Exception e)
        {
            return (Verdict.Failed, $"{e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n')[0]}");
        }
    }

    private static Dictionary<string, object?> Parameters(Scenario scenario) =>
        scenario.Steps.Where(step => step.Line.StartsWith("parameters are", StringComparison.Ordinal)).SelectMany(step => step.Table)
            .ToDictionary(row => row[0], row => CypherQuery.Parse("RETURN " + row[1]).Run(GraphSnapshot.Empty(), new Dictionary<string, object?>(), Limits, CancellationToken.None).Rows[0][0]);

    private static (Verdict, string) Compare(FeatureStep expected, CypherResult result)
    {
        if (expected.Line.Contains("should be empty", StringComparison.Ordinal))
        {
            return result.Rows.Count == 0 ? (Verdict.Passed, "") : (Verdict.Failed, $"{result.Rows.Count} rows; none expected");
        }

        var unordered = expected.Line.Contains("ignoring element order", StringComparison.Ordinal);
        var columns = expected.Table[0].Select(name => name.Replace("`", "", StringComparison.Ordinal)).ToList();
        var actual = result.Rows.Select(row => string.Join(" | ", Order(columns, result.Columns, row, unordered))).ToList();
        var wanted = expected.Table.Skip(1).Select(row => string.Join(" | ", row.Select(cell => CypherText.OfCell(cell, unordered)))).ToList();
        if (!expected.Line.Contains("in order", StringComparison.Ordinal))
        {
            actual.Sort(StringComparer.Ordinal);
            wanted.Sort(StringComparer.Ordinal);
        }

        return actual.SequenceEqual(wanted) ? (Verdict.Passed, "") : (Verdict.Failed, $"got {string.Join(" ; ", actual.Take(6))} instead of {string.Join(" ; ", wanted.Take(6))}");
    }

    private static IEnumerable<string> Order(List<string> wanted, IReadOnlyList<string> columns, IReadOnlyList<object?> row, bool unordered) =>
        wanted.Select(name => columns.Select(each => each.Replace("`", "", StringComparison.Ordinal)).ToList().IndexOf(name) is var at and >= 0 ? CypherText.Of(row[at], unordered) : "no column " + name);

    [GeneratedRegex(@"\b(CREATE|MERGE|SET|DELETE|REMOVE|CALL|FOREACH)\b|\bEXISTS\s*\{|\b(date|time|datetime|localtime|localdatetime|duration)\s*[(.]", RegexOptions.IgnoreCase)]
    private static partial Regex Beyond();

    [GeneratedRegex(@"'(?:[^'\\]|\\.)*'|""(?:[^""\\]|\\.)*""")]
    private static partial Regex Quotes();

    [GeneratedRegex(@"^the ([\w-]+) graph$")]
    private static partial Regex NamedGraph();

    [GeneratedRegex(@"^an? (\w+) should be raised at (compile time|runtime|any time)")]
    private static partial Regex Raised();
}
