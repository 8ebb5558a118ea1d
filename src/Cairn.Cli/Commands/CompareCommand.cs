using System.CommandLine;
using System.Globalization;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn compare: where two runs part.</summary>
internal static class CompareCommand
{
    private const int Column = 44;

    public static Command Make()
    {
        var first = new Argument<string>("run1") { Description = "A run: its id, the beginning of it, or 'last'" };
        var second = new Argument<string>("run2") { Description = "Another run" };
        var command = new Command("compare", "Show where two runs part: the first difference, the steps side by side, the files.") { first, second };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var a = await cairn.FindAsync(parse.GetRequiredValue(first), token);
            var b = await cairn.FindAsync(parse.GetRequiredValue(second), token);
            var view = await cairn.CompareAsync(a.Id, b.Id, token);
            if (call.IsJson)
            {
                Output.Json(view, CliJson.Default.ComparisonView);
            }
            else
            {
                Write(view);
            }

            return view.Same ? ExitCode.Ok : ExitCode.No;
        });
        return command;
    }

    private static void Write(ComparisonView view)
    {
        Output.Write($"{view.CommonRecords} records are common, nothing differs in the first {view.CommonSteps} steps");
        if (view.Difference is { } d)
        {
            Output.Line(Safe.Text(string.Create(CultureInfo.InvariantCulture, $"first difference: {d.What}, {(d.Step == 0 ? "at the start" : $"step {d.Step}")} (records {Place(d.FirstRecord)} and {Place(d.SecondRecord)}), {d.Detail}")));
            Output.Line($"  1: {Safe.Line(d.FirstText ?? "(nothing)", 160)}");
            Output.Line($"  2: {Safe.Line(d.SecondText ?? "(nothing)", 160)}");
        }
        else
        {
            Output.Line("The two did the same.");
        }

        Output.Line("");
        Output.Line($"  {view.First.Id,-Column} {view.Second.Id}");
        foreach (var pair in view.Steps.Where(p => (p.First ?? p.Second)!.Step > 0))
        {
            Output.Line($"{(pair.Differs.IsEmpty ? ' ' : '*')} {Cell(pair.First),-Column} {Cell(pair.Second)}{(pair.Differs.IsEmpty ? "" : $"  [{string.Join(", ", pair.Differs)}]")}");
        }

        Output.Line($"  {Total(view.First),-Column} {Total(view.Second)}");
        foreach (var file in view.Files)
        {
            Output.Line(Safe.Line($"file {file.Path}: {Word(file.First?.Change)} in 1, {Word(file.Second?.Change)} in 2{(file.First?.Change == file.Second?.Change ? ", not the same" : "")}", 200));
        }
    }

    private static string Place(long? record) => record is null ? "none" : string.Create(CultureInfo.InvariantCulture, $"@{record}");

    private static string Word(Abstractions.ChangeKind? change) => change?.ToString().ToLowerInvariant() ?? "untouched";

    private static string Cell(StepView? step) => step is null ? "-" : Safe.Line(
        string.Create(CultureInfo.InvariantCulture, $"{step.Step} {string.Join(' ', step.Calls.Select(c => c.Status == Abstractions.ToolStatus.Ok ? c.Tool : $"{c.Tool}!"))} {step.Usage.Total} tok{(step.Usd > 0 ? $" ${step.Usd:0.####}" : "")}{(step.Verdict is { } ok ? ok ? " accepted" : " not accepted" : "")}"), Column);

    private static string Total(RunSummary run) => Safe.Line(
        string.Create(CultureInfo.InvariantCulture, $"{run.Status}: {run.Usage.Total} tok, ${run.Usd:0.####}"), Column);
}
