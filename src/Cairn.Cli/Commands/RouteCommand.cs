using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn route: how models were chosen, and whether the predictions came true.</summary>
internal static class RouteCommand
{
    private const int Column = 38;

    public static Command Make() => new("route", "How models are chosen (--model route:POLICY): explain a choice, compare predictions with what came.")
    {
        Explain(), Stats(), List(),
    };

    private static Command Explain()
    {
        var id = new Argument<string>("run") { Description = "The run: its id, the beginning of it, or 'last'" };
        var step = new Argument<int>("step") { Description = "The step" };
        var command = new Command("explain", "Show the candidates of a step's model call, their scores, who was asked, and what it took.") { id, step };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var at = parse.GetRequiredValue(step);
            var records = new List<RouteRecord>();
            foreach (var hash in (await cairn.LogAsync(run.Id, token)).Where(e => e.Step == at).Select(e => RouteViews.Of(e.Event)).OfType<BlobHash>())
            {
                records.Add(await ReadAsync(cairn, hash, token));
            }

            if (records.Count == 0)
            {
                throw new CairnException($"No model was chosen at step {at} of {run.Id}: its model is {run.Model ?? "none"}. Choices are made for runs with --model route:POLICY.");
            }

            if (call.IsJson)
            {
                Output.Json(records, CliJson.Default.IReadOnlyListRouteRecord);
            }
            else
            {
                records.ForEach(Write);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Stats()
    {
        var command = new Command("stats", "Compare, model by model, what was predicted with what came, over all runs.");
        Invocation.Bind(command, async (call, _, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var records = new List<RouteRecord>();
            foreach (var run in await cairn.RunsAsync(token))
            {
                // A fork's past belongs to the run that it comes from.
                foreach (var hash in (await cairn.LogAsync(run.Id, token)).Where(e => e.Run == run.Id).Select(e => RouteViews.Of(e.Event)).OfType<BlobHash>())
                {
                    records.Add(await ReadAsync(cairn, hash, token));
                }
            }

            var stats = RouteViews.Stats(records);
            if (call.IsJson)
            {
                Output.Json(stats, CliJson.Default.IReadOnlyListRouteStats);
                return ExitCode.Ok;
            }

            Output.Line($"{"model",-Column} {"asked",6} {"answered",9} {"chosen",7}  {"ms: predicted -> actual",-26} usd: predicted -> actual");
            foreach (var s in stats)
            {
                Output.Line(Safe.Line(Text($"{s.Model,-Column} {s.Asked,6} {s.Answered,9} {s.Chosen,7}  {Pair(s.PredictedMs, s.ActualMs, "0"),-26} {Pair((double?)s.PredictedUsd, (double?)s.ActualUsd, "0.######")}"), 200));
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the policies and the registered models.");
        Invocation.Bind(command, (call, _, _) =>
        {
            var view = RouteViews.List(Environment.GetEnvironmentVariable);
            if (call.IsJson)
            {
                Output.Json(view, CliJson.Default.RouteListView);
                return Task.FromResult(ExitCode.Ok);
            }

            Output.Line("policy           version  quality  cost  speed  reliability  tolerance  voters");
            foreach (var p in view.Policies)
            {
                Output.Line(Text($"{p.Name,-16} {p.Version,7}  {p.Quality,7:0.##}  {p.Cost,4:0.##}  {p.Speed,5:0.##}  {p.Reliability,11:0.##}  {p.Tolerance,9:0.##}  {(p.Voters == 1 ? "1" : Text($"{p.Quorum} of {p.Voters}")),6}"));
            }

            Output.Line("");
            Output.Line(view.Models.Count == 0 ? Safe.Line($"No models are registered in {view.File}; name them with the policy: --model route:coding=PROVIDER:NAME,PROVIDER:NAME", 200) : Safe.Line($"models of {view.File}", 200));
            foreach (var m in view.Models)
            {
                var quality = string.Join(", ", m.Quality.Select(q => Text($"{q.Key} {q.Value:0.##}")));
                Output.Line(Safe.Line(Text($"{m.Model,-Column} {string.Join(", ", m.Capabilities)}; {(quality.Length == 0 ? "quality not judged" : quality)}; {m.Concurrency} at once"), 200));
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static async Task<RouteRecord> ReadAsync(ICairn cairn, BlobHash hash, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize(await cairn.BodyAsync(hash, cancellationToken), CairnJson.Default.RouteRecord)
            ?? throw new InvalidDataException($"The routed call {hash.Short} is empty.");

    private static void Write(RouteRecord record)
    {
        var (decision, question) = (record.Decision, record.Decision.Question);
        Output.Line(Text($"policy    {decision.Policy} ({decision.PolicyHash.Short})"));
        Output.Line(Text($"request   {question.PromptTokens} tokens of prompt and {question.OutputTokens} of answer at most{(question.Needs.IsEmpty ? "" : $"; needs {string.Join(", ", question.Needs)}")}{(question.MaxUsd is { } usd ? Text($"; at most ${usd}") : "")}{(question.MaxMs is { } ms ? Text($"; at most {ms} ms") : "")}"));
        foreach (var score in decision.Scores)
        {
            var parts = score.Parts is { } p ? Text($"quality {p.Quality:0.##}, cost {p.Cost:0.##}, speed {p.Speed:0.##}, reliability {p.Reliability:0.##}") : "";
            Output.Line(Safe.Line(Text($"  {(score.Excluded is null ? Text($"{score.Score:0.000}") : "  -  ")}  {score.Model,-Column} {score.Excluded ?? $"{parts}; predicted {Price(score.PredictedUsd)}, {Time(score.PredictedMs)}"}"), 240));
        }

        foreach (var a in record.Attempts)
        {
            Output.Line(Safe.Line(Text($"asked     {a.Model,-Column} {a.Outcome}{(a.Detail.Length > 0 ? $": {a.Detail}" : "")}; {Price(a.Usd)}, {a.Ms:0} ms{(a.WaitedMs >= 1 ? Text($" after {a.WaitedMs:0} ms in the queue") : "")}, {a.Usage.InputTokens}+{a.Usage.OutputTokens} tokens"), 240));
        }

        Output.Line(Safe.Line($"chosen    {record.Chosen ?? "nobody"}", 200));
    }

    private static string Price(decimal? usd) => usd is { } known ? Text($"${known:0.######}") : "price unknown";

    private static string Time(double? ms) => ms is { } known ? Text($"{known:0} ms") : "time unknown";

    private static string Pair(double? predicted, double? actual, string format) =>
        $"{predicted?.ToString(format, CultureInfo.InvariantCulture) ?? "?"} -> {actual?.ToString(format, CultureInfo.InvariantCulture) ?? "?"}";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
