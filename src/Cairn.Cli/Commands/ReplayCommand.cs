using System.CommandLine;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn replay: folds a run's journal again, or asks its model again, and compares with what was recorded.</summary>
internal static class ReplayCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var verify = new Option<bool>("--verify") { Description = "Compare every state, decision and prompt byte for byte; no network, no sandbox" };
        var live = new Option<bool>("--live") { Description = "Ask the model again with each recorded prompt and report how it drifts; runs no tool" };
        var model = new Option<string?>("--model") { Description = "Ask another model (with --live)", HelpName = "PROVIDER:NAME" };
        var usd = new Option<decimal?>("--budget-usd") { Description = "The most US dollars (with --live)", HelpName = "N" };
        var tokens = new Option<long?>("--budget-tokens") { Description = "The most tokens (with --live)", HelpName = "N" };
        var command = new Command("replay", "Run a run's fold again, or ask its model again, and compare.") { id, verify, live, model, usd, tokens };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            if (parse.GetValue(verify) == parse.GetValue(live))
            {
                throw new CairnException("Say what the replay is for: `cairn replay RUN --verify` compares the fold with what was recorded, `--live` asks the model again.");
            }

            await using var cairn = call.OpenReadOnly();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var options = new LiveReplayOptions { Model = parse.GetValue(model), BudgetUsd = parse.GetValue(usd), BudgetTokens = parse.GetValue(tokens) };
            if (parse.GetValue(live))
            {
                return await LiveAsync(call, cairn, run.Id, options, token);
            }

            return options == new LiveReplayOptions()
                ? await VerifyAsync(call, cairn, run.Id, token)
                : throw new CairnException("--model and the budgets belong to --live: --verify asks no model.");
        });
        return command;
    }

    private static async Task<int> VerifyAsync(Invocation call, ICairn cairn, RunId run, CancellationToken cancellationToken)
    {
        var report = await cairn.VerifyAsync(run, cancellationToken);
        if (call.IsJson)
        {
            Output.Json(report, CliJson.Default.ReplayView);
        }
        else if (report.Passed)
        {
            Output.Write($"verified: {report.Records} records, {report.Prompts} prompts and {report.Decisions} decisions are byte for byte as recorded");
            Output.Write($"state     {report.State}{(report.Ended ? "" : "  (the run is still open: proven up to its last record)")}");
        }
        else
        {
            Output.Line(Safe.Text($"DIFFERENT: {report.Difference}"));
        }

        return report.Passed ? ExitCode.Ok : ExitCode.No;
    }

    private static async Task<int> LiveAsync(Invocation call, ICairn cairn, RunId run, LiveReplayOptions options, CancellationToken cancellationToken)
    {
        var report = await cairn.ReplayLiveAsync(run, options, call.IsJson ? null : Show, cancellationToken);
        if (call.IsJson)
        {
            Output.Json(report, CliJson.Default.DriftView);
        }
        else
        {
            Output.Write($"{report.Same} of {report.Steps.Length} answers are the same, {report.Drifted} drifted ({report.LengthDifferences} in length), {report.Unanswered} were not answered");
            Output.Write($"cost: {report.Usage.Total} tokens, {report.Usd:0.####} USD{(report.Unpriced > 0 ? $" ({report.Unpriced} answers without a known price)" : "")}; log-probabilities {report.Logprobs}");
        }

        return report.Passed ? ExitCode.Ok : ExitCode.No;
    }

    private static void Show(StepDrift step) => Output.Line(Safe.Line(
        string.Create(CultureInfo.InvariantCulture, $"step {step.Step}: {Words(step)}"), 300));

    private static string Words(StepDrift step)
    {
        if (step.Problem is not null || step.Same)
        {
            return step.Problem ?? "same";
        }

        var parts = step.Calls.ToList();
        if (step.Text is { Same: false } text)
        {
            parts.Insert(0, string.Create(CultureInfo.InvariantCulture, $"text differs from character {text.FirstDifference} on ({text.RecordedLength} then, {text.LiveLength} now, {text.Similarity:P0} alike)"));
        }

        if (step.LiveFinish != step.RecordedFinish)
        {
            parts.Add($"finish {step.LiveFinish} instead of {step.RecordedFinish}");
        }

        return "DRIFT: " + string.Join("; ", parts);
    }
}
