using Cairn.Abstractions;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>Drives a run with live progress and the account at its end.</summary>
internal static class Drive
{
    public static async Task<int> AsyncTo(
        Invocation call, ICairn cairn, RunId run, ICodeAgent? agent, bool verbose, CancellationToken cancellationToken)
    {
        IRunObserver view = call.IsJson
            ? new JsonView()
            : new LiveView(verbose, condensed: agent is not null) { Body = Body(cairn) };
        if (!call.IsJson)
        {
            var begun = await cairn.FindAsync(run.Value, cancellationToken);
            Output.Write($"Run {begun.Id}: {Safe.Line(begun.Title, 90)}");
            Output.Write($"{begun.Model ?? begun.Agent}{(begun.Recorded ? " (recorded answers)" : "")} on {begun.Repository}\n");
        }

        var summary = await cairn.DriveAsync(run, agent, view, cancellationToken);
        if (call.IsJson)
        {
            Output.Json(summary, CliJson.Default.RunSummary);
        }
        else
        {
            await Account.WriteAsync(cairn, summary, patch: false, CancellationToken.None);
        }

        return cancellationToken.IsCancellationRequested ? ExitCode.Interrupted : Code(summary);
    }

    /// <summary>Leaves a run to the daemon.</summary>
    public static async Task<int> Detach(Invocation call, ICairn cairn, RunId run, CancellationToken cancellationToken)
    {
        var summary = await cairn.ResumeAsync(run, cancellationToken);
        if (call.IsJson)
        {
            Output.Json(summary, CliJson.Default.RunSummary);
        }
        else
        {
            Output.Write($"{run} is under way in the daemon: cairn resume {run} watches it, cairn pause {run} and cairn cancel {run} stop it.");
        }

        return ExitCode.Ok;
    }

    /// <summary>Finds bodies for the live view; they are in memory or one read away.</summary>
    public static Func<BlobHash, string> Body(ICairn cairn) =>
        hash => cairn.BodyAsync(hash, CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>0 when the run did what it was asked to do.</summary>
    public static int Code(RunSummary run) =>
        run.Status == "succeeded" && run.Merge is not (MergeStatus.Conflicts or MergeStatus.Failed) ? ExitCode.Ok : ExitCode.No;
}
