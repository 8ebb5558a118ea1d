using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>The code agent did something else than its journal says: it depends on more than its syscalls.</summary>
public sealed class AgentDivergedException(string message) : Exception(message);

/// <summary>
/// A code agent and the kernel, taking turns: the agent computes until its next syscall, the run loop journals and
/// answers it. On resume the agent runs again from its first line, and syscalls that have a result in the journal get
/// that result without being issued again.
/// </summary>
internal sealed class AgentSession : ISyscalls, IDisposable
{
    private readonly ICodeAgent _agent;
    private readonly RunSession _session;
    private readonly Queue<Past> _past;
    private readonly HashSet<string> _allowed;
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly Lock _gate = new();
    private TaskCompletionSource<RunEvent?> _next = New<RunEvent?>();
    private TaskCompletionSource<RunState>? _answer;
    private Task<AgentResult>? _running;
    private RunState _now;
    private TurnContext? _turns;
    private bool _returned;

    public AgentSession(ICodeAgent agent, RunSession session, IEnumerable<RunEvent> history)
    {
        _agent = agent;
        _session = session;
        _now = session.State;
        _allowed = [.. _now.Spec.Agent.Tools.Select(t => t.Name)];
        _past = new(PastOf(history));
        Task = session.Services.Blobs.GetText(session.State.Spec.Task.Body);
    }

    public RunId Run => _session.Run;

    public string Task { get; }

    /// <inheritdoc cref="ICodeAgent.OnlyComputes"/>
    public bool OnlyComputes => _agent.OnlyComputes;

    /// <summary>
    /// Gives the agent the answer to its last syscall, and brings its next one. The task of an agent that only computes is
    /// complete when this returns, unless it does wait for something.
    /// </summary>
    public async Task<RunEvent> NextAsync(RunState state, CancellationToken cancellationToken)
    {
        _now = state;
        if (_running is null)
        {
            Turn(() => _running = RunAgentAsync(cancellationToken));
        }
        else if (_answer is { } answer)
        {
            _answer = null;
            Turn(() => answer.TrySetResult(state));
        }

        if (await CalledAsync(cancellationToken) is { } call)
        {
            return call;
        }

        try
        {
            var result = await _running!;
            return new AgentFinished(result.Success, result.Summary);
        }
        catch (Exception e) when (e is not (OperationCanceledException or AgentDivergedException or IOException))
        {
            return new AgentFinished(false, $"the agent threw {e.GetType().Name}: {e.Message}");
        }
    }

    public async Task<SyscallResult> CallAsync(string tool, string arguments, CancellationToken cancellationToken)
    {
        var body = _session.Services.Blobs.Put(Encoding.UTF8.GetBytes(arguments));
        var state = await IssueAsync(
            past => past.Call is { } call && call.Tool == tool && call.Arguments == body,
            $"{tool} with {Shown(arguments)}",
            () => new AgentCalled(tool, body, Problem(tool, arguments)) { Needs = _session.NeedsOf(tool, arguments) },
            cancellationToken);
        var done = state.Past?.Finished;
        var (status, result, data) = done is null
            ? Last(state.Now!)
            : (done.Status, done.Result, done.Data);
        var blobs = _session.Services.Blobs;
        return new(ToStatus(status), blobs.GetText(result)) { Data = data is { } hash ? blobs.GetText(hash) : null };
    }

    public async Task<CheckpointId> CheckpointAsync(string reason, CancellationToken cancellationToken)
    {
        var state = await IssueAsync(
            past => past.Mark is not null, "a checkpoint", () => new CheckpointTaken(reason), cancellationToken);
        return state.Past is { } past ? CheckpointId.Parse(past.Mark!) : state.Now!.Checkpoints[^1].Id;
    }

    public Task RollbackAsync(CheckpointId checkpoint, string reason, CancellationToken cancellationToken)
    {
        if (!_now.Checkpoints.Any(c => c.Id == checkpoint))
        {
            throw new ArgumentException($"Run {Run} has no checkpoint {checkpoint}.", nameof(checkpoint));
        }

        return IssueAsync(
            past => past.RolledBackTo == checkpoint, $"a rollback to {checkpoint}",
            () => new RunRolledBack(checkpoint, reason, Continue: true), cancellationToken);
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<(Past? Past, RunState? Now)> IssueAsync(
        Func<Past, bool> same, string what, Func<RunEvent> issue, CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            if (_past.TryDequeue(out var past))
            {
                if (!same(past))
                {
                    throw new AgentDivergedException(
                        $"Agent {_agent.Name} now asks for {what}, but the journal of {Run} says {past.Name} at this place. "
                        + "A code agent must depend on nothing but its syscalls: no clock, no chance, no order of a hash table.");
                }

                // A call without a result was issued again before the agent was started: the state has its answer.
                return past.IsOpen ? (null, _now) : (past, null);
            }

            var answer = OnlyComputes ? new TaskCompletionSource<RunState>() : New<RunState>();
            _answer = answer;
            Signal(issue());
            return (null, await ResultAsync(answer, cancellationToken));
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private void Turn(Action turn)
    {
        if (OnlyComputes)
        {
            (_turns ??= new TurnContext(SynchronizationContext.Current)).Run(turn);
        }
        else
        {
            turn();
        }
    }

    private async Task<AgentResult> RunAgentAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _agent.RunAsync(this, cancellationToken);
        }
        finally
        {
            lock (_gate)
            {
                _returned = true;
            }

            Signal(null);
        }
    }

    /// <summary>The agent's next syscall; null when it returned instead.</summary>
    private async Task<RunEvent?> CalledAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<RunEvent?> next;
        lock (_gate)
        {
            next = _next;
            if (_returned && !next.Task.IsCompleted)
            {
                return null;
            }
        }

        var call = await ResultAsync(next, cancellationToken);
        lock (_gate)
        {
            _next = New<RunEvent?>();
        }

        return call;
    }

    private void Signal(RunEvent? call)
    {
        lock (_gate)
        {
            _next.TrySetResult(call);
        }
    }

    /// <summary>
    /// Awaits the source itself: a task around it (WhenAny, WaitAsync) would be completed in a thread of the pool, and the
    /// order of things would no longer be the scheduler's alone.
    /// </summary>
    private static async Task<T> ResultAsync<T>(TaskCompletionSource<T> source, CancellationToken cancellationToken)
    {
        if (source.Task.IsCompletedSuccessfully)
        {
            return source.Task.Result;
        }

        using var stop = cancellationToken.UnsafeRegister(_ => source.TrySetCanceled(cancellationToken), null);
        return await source.Task;
    }

    private BlobHash Problem(string tool, string arguments)
    {
        return _session.Tools.Check(tool, arguments, _allowed) is { } problem
            ? _session.Services.Blobs.PutText(tool, problem).Body
            : default;
    }

    private static (ToolStatus, BlobHash, BlobHash?) Last(RunState state)
    {
        var call = state.History[^1].Turn!.Calls[0];
        return (call.Status, call.Result, call.Data);
    }

    private static SyscallStatus ToStatus(ToolStatus status) => status switch
    {
        ToolStatus.Ok => SyscallStatus.Ok,
        ToolStatus.Denied => SyscallStatus.Denied,
        ToolStatus.Conflict => SyscallStatus.Conflict,
        ToolStatus.TimedOut => SyscallStatus.TimedOut,
        _ => SyscallStatus.Failed,
    };

    private static string Shown(string text) => text.Length <= 80 ? text : text[..80] + "…";

    private static TaskCompletionSource<T> New<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static ImmutableList<Past> PastOf(IEnumerable<RunEvent> history)
    {
        var past = ImmutableList<Past>.Empty;
        var places = new List<ImmutableList<Past>>();
        var state = RunState.New;
        foreach (var e in history)
        {
            var question = state.Decision;
            state = Kernel.Kernel.Apply(state, e);
            past = With(past, e, state, question, places);
            while (places.Count < state.Checkpoints.Count)
            {
                places.Add(past);
            }
        }

        return past;
    }

    private static ImmutableList<Past> With(
        ImmutableList<Past> past, RunEvent e, RunState state, OpenDecision? question, List<ImmutableList<Past>> places)
    {
        switch (e)
        {
            case AgentCalled call:
                return past.Add(new(call, call.Problem.IsNone ? null : Answered(ToolStatus.Invalid, call.Problem), null, null));
            case ToolCallFinished { Status: not ToolStatus.Cancelled } finished:
                return Finish(past, finished);
            case ToolCallDenied denied:
                return Finish(past, Answered(ToolStatus.Denied, denied.Result));
            case DecisionMade { Approved: true } when question?.Kind == "unknown-effect":
                return past; // Leave to issue the call again: its own result is still to come.
            case DecisionMade made when question?.Call is not null && past.Count > 0 && past[^1].Call is not null:
                return Finish(past, Answered(ToolStatus.Ok, made.Answer) with { Tokens = made.Tokens });
            case CheckpointTaken:
                return past.Add(new(null, null, state.Checkpoints[^1].Id.Value, null));
            case RunRolledBack { Continue: true } back:
                return past.Add(new(null, null, null, back.To));
            case RunRolledBack back:
                // A human took the run back: what came after that place did not happen to the agent.
                return places[state.Checkpoints.Select(c => c.Id).ToList().IndexOf(back.To)];
            default:
                return past;
        }
    }

    private static ImmutableList<Past> Finish(ImmutableList<Past> past, ToolCallFinished finished) =>
        past.SetItem(past.Count - 1, past[^1] with { Finished = finished });

    private static ToolCallFinished Answered(ToolStatus status, BlobHash result) => new(default, status, result, 0, null, 0, ToolSignal.None, null, 0);

    private sealed record Past(AgentCalled? Call, ToolCallFinished? Finished, string? Mark, CheckpointId? RolledBackTo)
    {
        public bool IsOpen => Call is not null && Finished is null;

        public string Name => Call is not null ? $"{Call.Tool} with arguments {Call.Arguments.Short}"
            : Mark is not null ? $"checkpoint {Mark}" : $"a rollback to {RolledBackTo}";
    }
}
