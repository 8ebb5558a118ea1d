using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Runs the judge on a workspace of its own, so that what the judge changes is dropped.</summary>
internal sealed class JudgeOperation(RunSession session)
{
    public async Task<RunEvent> RunAsync(RunJudge command, CancellationToken cancellationToken)
    {
        var services = session.Services;
        var spec = session.State.Spec;
        var own = RunId.Parse($"{session.Run.Value[..Math.Min(14, session.Run.Value.Length)]}.j");
        await using var workspace = services.Layers.Open(own, spec.Repository, command.Layer);
        var verdict = await services.Judge.JudgeAsync(
            workspace, spec.Judge!, text => session.Observer.Output(session.Run, text), cancellationToken);
        workspace.Discard();
        var report = session.Count("judge", verdict.Report);
        return new JudgeFinished(command.Round, verdict.Passed, verdict.Score, report.Body, report.Tokens);
    }
}
