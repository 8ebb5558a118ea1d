using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Cairn.Cli.Terminal;
using Cairn.Host;

namespace Cairn.Cli.Commands;

/// <summary>cairn index, graph, ask and impact: what the model of a repository's code says.</summary>
internal static class CodeCommands
{
    public static Command Index()
    {
        var folder = new Argument<string>("dir") { Description = "The repository", DefaultValueFactory = _ => "." };
        var command = new Command("index", "Read a repository into the code model: what it defines, and what refers to what.") { folder };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            IndexView view;
            using (var progress = new ProgressLine(!call.IsJson && !Console.IsErrorRedirected))
            {
                view = await CodeReports.IndexAsync(call.Options(), parse.GetRequiredValue(folder), progress, token);
            }

            if (call.IsJson)
            {
                Output.Json(view, CliJson.Default.IndexView);
                return ExitCode.Ok;
            }

            Output.Write($"{view.Files} files ({view.Read} read anew, {view.Skipped} left out), {view.Entities} entities, {view.Relationships} relationships in {view.Milliseconds} ms");
            foreach (var (kind, count) in view.Kinds)
            {
                Output.Write($"  {count,8} {kind}");
            }

            foreach (var remark in view.Remarks)
            {
                Output.Line($"note: {Safe.Line(remark, 400)}");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Graph()
    {
        var query = new Argument<string>("query") { Description = "openCypher: MATCH (a)-[:CALLS*1..3]->(b {name: $name}) RETURN a.key" };
        var parameters = new Option<string[]>("--param") { Description = "A value for $name", HelpName = "NAME=VALUE" };
        var repo = Repo();
        var command = new Command("graph", "Ask the graph of a repository's code in openCypher.") { query, parameters, repo };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            GraphView view;
            using (var progress = new ProgressLine(!call.IsJson && !Console.IsErrorRedirected))
            {
                view = await CodeReports.GraphAsync(call.Options(), parse.GetRequiredValue(repo), parse.GetRequiredValue(query), Values(parse.GetValue(parameters) ?? []), progress, token);
            }

            if (call.IsJson)
            {
                Output.Json(view, CliJson.Default.GraphView);
                return ExitCode.Ok;
            }

            Output.Line(Safe.Line(string.Join('\t', view.Columns), 400));
            foreach (var row in view.Rows)
            {
                Output.Line(Safe.Line(string.Join(" | ", row.Select(Text)), 600));
            }

            Output.Write($"{view.Rows.Count} rows");
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Ask()
    {
        var question = new Argument<string>("question") { Description = "Words, names or a sentence" };
        var most = new Option<int>("--most") { Description = "The most results", DefaultValueFactory = _ => 10, HelpName = "NUMBER" };
        var repo = Repo();
        var command = new Command("ask", "Find the places of a repository that a question is about, with the reason for each.") { question, most, repo };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            CodeAnswerView answer;
            using (var progress = new ProgressLine(!call.IsJson && !Console.IsErrorRedirected))
            {
                answer = await CodeReports.AskAsync(call.Options(), parse.GetRequiredValue(repo), parse.GetRequiredValue(question), Math.Clamp(parse.GetValue(most), 1, 200), progress, token);
            }

            if (call.IsJson)
            {
                Output.Json(answer, CliJson.Default.CodeAnswerView);
                return answer.Hits.Count > 0 ? ExitCode.Ok : ExitCode.No;
            }

            foreach (var hit in answer.Hits)
            {
                Output.Line(Safe.Line(string.Create(CultureInfo.InvariantCulture, $"{hit.Path}:{hit.Line}  {hit.Kind} {hit.Key[(hit.Key.IndexOf('#', StringComparison.Ordinal) + 1)..]}  (version {hit.Version[..12]})"), 300));
                Output.Line(Safe.Line("    " + string.Join("; ", hit.Reasons.Select(reason => $"{reason.Store} #{reason.Rank}: {reason.Why}")), 300));
            }

            foreach (var way in answer.Ways)
            {
                Output.Line(Safe.Line("way: " + string.Join(' ', way), 600));
            }

            foreach (var (store, why) in answer.Silent)
            {
                Output.Line($"note: {store} {Safe.Line(why, 200)}");
            }

            if (answer.Hits.Count == 0)
            {
                Output.Line("Nothing was found.");
            }

            return answer.Hits.Count > 0 ? ExitCode.Ok : ExitCode.No;
        });
        return command;
    }

    public static Command Impact()
    {
        var symbol = new Argument<string>("symbol") { Description = "A name, Class.member, table.column, a path, or path#name" };
        var repo = Repo();
        var command = new Command("impact", "List what depends on a symbol: who calls, uses, reads, writes, imports or inherits it.") { symbol, repo };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            ImpactView answer;
            using (var progress = new ProgressLine(!call.IsJson && !Console.IsErrorRedirected))
            {
                answer = await CodeReports.ImpactAsync(call.Options(), parse.GetRequiredValue(repo), parse.GetRequiredValue(symbol), progress, token);
            }

            if (call.IsJson)
            {
                Output.Json(answer, CliJson.Default.ImpactView);
                return ExitCode.Ok;
            }

            Output.Line(Safe.Line("of " + string.Join(", ", answer.Symbols), 400));
            foreach (var hit in answer.Hits)
            {
                Output.Line(Safe.Line(string.Create(CultureInfo.InvariantCulture, $"{hit.Distance}  {hit.Path}:{hit.Line}  {hit.Kind} {hit.Key[(hit.Key.IndexOf('#', StringComparison.Ordinal) + 1)..]}  {hit.Through}"), 300));
            }

            Output.Write($"{answer.Hits.Count} places in {answer.Files.Count} files");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Option<string> Repo() => new("--repo") { Description = "The repository", DefaultValueFactory = _ => ".", HelpName = "DIR" };

    private static Dictionary<string, object?> Values(string[] given)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var each in given)
        {
            var at = each.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw new FormatException($"--param takes NAME=VALUE, not '{each}'.");
            }

            var text = each[(at + 1)..];
            values[each[..at]] = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : text;
        }

        return values;
    }

    private static string Text(JsonNode? value) => value switch
    {
        null => "null",
        JsonValue plain when plain.TryGetValue<string>(out var text) => text,
        JsonObject { Count: > 0 } map when map["properties"]?["key"] is { } key => key.ToString(),
        JsonObject map when map["type"] is { } type => $"-{type}->",
        JsonArray list => "[" + string.Join(' ', list.Select(Text)) + "]",
        _ => value.ToJsonString(),
    };
}
