using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>For each kernel command: the intent to write down first, and the effect that brings the result.</summary>
internal sealed class Operations(RunSession session, RunControl control)
{
    private readonly ModelOperation _model = new(session, control.Ledger);
    private readonly SpawnOperation _spawn = new(session, control);
    private readonly AskOperation _ask = new(session, control.Ledger);
    private readonly ToolOperation _tool = new(session);
    private readonly ContextOperation _context = new(session);
    private readonly CodeOperation _code = new(session);
    private readonly ArchiveOperation _archive = new(session);
    private readonly HumanOperation _human = new(session);
    private readonly JudgeOperation _judge = new(session);
    private readonly MergeOperation _merge = new(session);
    private readonly GuestOperation? _guest = session.State.Spec.Guest is null ? null : session.Guest(control.Ledger);

    /// <summary>Begins an effect; its task brings the result event.</summary>
    public delegate Task<RunEvent> Effect(CancellationToken cancellationToken);

    /// <summary>The intent and the effect of a command; the closing record and a denial have none.</summary>
    public async ValueTask<(RunEvent Intent, Effect? Effect)> PrepareAsync(
        RunState state, Command command, CancellationToken cancellationToken)
    {
        var (intent, effect) = await InnerAsync(state, command, cancellationToken);
        return (intent, effect is null || IsWaiting(command) || session.Services.Effects is not { } gate ? effect : Gated(gate, effect));
    }

    // A human may think for a week, and a run waits for those below it: neither takes a place from those who work.
    private static bool IsWaiting(Command command) => command is AskHuman or AskArchive or RunTool { Call.Tool: KernelTools.Spawn or GuestTools.Step };

    private static Effect Gated(FairGate gate, Effect effect) => async token =>
    {
        using var place = await gate.EnterAsync(token);
        return await effect(token);
    };

    private async ValueTask<(RunEvent Intent, Effect? Effect)> InnerAsync(
        RunState state, Command command, CancellationToken cancellationToken)
    {
        var hash = Kernel.Kernel.Hash(state);
        switch (command)
        {
            case AskModel ask:
                _tool.Begin();
                return _model.Prepare(ask, hash);
            case RunTool run:
                var started = new ToolCallStarted(
                    run.Call.Id, run.Step, run.Call.Tool, run.Call.Arguments, run.Call.Effect, run.Layer, hash) { Policy = run.Policy };
                return (started, _guest is not null
                    ? token => _guest.RunAsync(run, token)
                    : run.Call.Tool == KernelTools.Spawn
                    ? token => _spawn.RunAsync(run, token)
                    : run.Call.Tool == KernelTools.AskModel
                    ? token => _ask.RunAsync(run, token)
                    : ContextOperation.Serves(run.Call.Tool)
                    ? _ => _context.RunAsync(run)
                    : CodeOperation.Serves(run.Call.Tool)
                    ? token => _code.RunAsync(run, token)
                    : token => _tool.RunAsync(run, token));
            case RefreshFiles refresh:
                return (await session.Freshness.RefreshAsync(state, refresh), null);
            case AskArchive ask:
                return (new ArchiveAsked(ask.Query, hash), token => _archive.RunAsync(ask, token));
            case DenyTool deny:
                var told = session.Count("", deny.Text);
                return (new ToolCallDenied(deny.Call.Id, deny.Step, deny.Call.Tool, deny.Policy, told.Body, told.Tokens, hash), null);
            case AskHuman human:
                return _human.Prepare(state, human);
            case RunJudge judge:
                return (new JudgeStarted(judge.Round, judge.Layer, hash), token => _judge.RunAsync(judge, token));
            case MergeChanges merge:
                var plan = await _merge.PlanAsync(merge.Layer, cancellationToken);
                return (_merge.Intent(plan, hash), token => Task.FromResult<RunEvent>(_merge.Carry(plan)));
            case EndRun end:
                return (new RunEnded(end.Outcome, end.Reason, hash), null);
            default:
                throw new InvalidOperationException($"no operation for {command.GetType().Name}");
        }
    }
}
