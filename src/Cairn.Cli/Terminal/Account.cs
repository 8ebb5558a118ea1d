using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Cli.Terminal;

/// <summary>The short account at the end of a run: what happened, what it cost, where to look next.</summary>
internal static class Account
{
    private const int FilesShown = 12;
    private const int PatchLines = 40;

    public static async Task WriteAsync(ICairn cairn, RunSummary run, bool patch, CancellationToken cancellationToken)
    {
        var all = await cairn.DiffAsync(run.Id, "end", cancellationToken);
        var diff = all with { Files = [.. all.Files.Where(f => !f.Ignored)] };
        var ignored = all.Files.Length - diff.Files.Length;
        Line($"");
        Line($"Run      {run.Id}  {run.Status}{(run.Reason.Length > 0 ? $": {Safe.Line(run.Reason, 300)}" : "")}");
        if (run.Model is not null)
        {
            Line($"Model    {run.Model}{(run.Recorded ? "  (recorded answers; everything else was live)" : "")}");
            Line($"Cost     {run.Step} steps, {run.Usage.InputTokens} tokens in ({run.Usage.CachedInputTokens} cached), {run.Usage.OutputTokens} out, {run.Usd:0.0000} USD{(run.Usd == 0 && !run.Recorded ? " (price unknown)" : "")}");
        }

        Line($"Judge    {(run.Judge is null ? "none" : run.Judge.Value ? "accepted" : "did not accept")}");
        Line($"Merge    {Merge(run)}");
        Line($"Changes  {diff.Files.Length} paths{(ignored > 0 ? $", and {ignored} that .gitignore names" : "")}");
        foreach (var file in diff.Files.Take(FilesShown))
        {
            Line($"         {Letter(file.Change.Change)} {Safe.Line(file.Change.Path, 100)}");
        }

        if (diff.Files.Length > FilesShown)
        {
            Line($"         … and {diff.Files.Length - FilesShown} more");
        }

        if (patch)
        {
            var lines = diff.Files.Where(f => f.Patch is not null).SelectMany(f => f.Patch!.TrimEnd('\n').Split('\n')).ToList();
            foreach (var line in lines.Take(PatchLines))
            {
                Line($"         {Safe.Line(line, 110)}");
            }

            if (lines.Count > PatchLines)
            {
                Line($"         … {lines.Count - PatchLines} more lines");
            }
        }

        Line($"Next     cairn log {run.Id} | cairn diff {run.Id} | cairn show {run.Id} --at {Math.Max(1, run.Step)} | cairn replay {run.Id} --verify");
        var next = !run.Ended ? $"cairn resume {run.Id}"
            : run.Layer is not null && run.Merge is not (MergeStatus.Merged or MergeStatus.Nothing) ? $"cairn merge {run.Id}"
            : $"cairn checkpoints {run.Id} | cairn fork {run.Id} --at {Math.Max(1, run.Step)}";
        Line($"         {next}");
    }

    private static string Merge(RunSummary run) => run.Merge switch
    {
        MergeStatus.Merged => $"merged into {run.Repository}",
        MergeStatus.Nothing => "nothing to merge",
        MergeStatus.Conflicts => $"conflicts, {run.Repository} is untouched",
        MergeStatus.Failed => $"failed, {run.Repository} is untouched",
        _ => run.Layer is null ? "nothing to merge" : $"not merged, {run.Repository} is untouched",
    };

    private static char Letter(ChangeKind change) => change switch
    {
        ChangeKind.Added => 'A',
        ChangeKind.Deleted => 'D',
        _ => 'M',
    };

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
