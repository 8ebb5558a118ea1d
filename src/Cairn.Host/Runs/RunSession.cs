using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Sandbox.Egress;

namespace Cairn.Host;

/// <summary>One run as its host holds it: the state, the records behind it, and the workspace at the state's layer.</summary>
internal sealed class RunSession(RunServices services, RunId run, RunState state, long ownCount, IRunObserver observer) : IAsyncDisposable
{
    private readonly RunEquipment _equipment = new(services, state.Spec);
    private readonly RunTrace _trace = new(run, state.Spec);
    private IWorkspace? _workspace;
    private GuestOperation? _guest;
    private RunModel? _model;
    private long _own = ownCount;
    private IReadOnlyList<JournalRecord>? _records;

    public RunServices Services { get; } = services;

    public RunId Run { get; } = run;

    public IRunObserver Observer { get; } = observer;

    public RunState State { get; private set; } = state;

    /// <summary>The tools that exist for this run.</summary>
    public IToolRegistry Tools => _equipment.Tools;

    /// <summary>The run's way to the network; null when it has none.</summary>
    public RunNetwork? Network => _equipment.Network(need => Kernel.PolicyGate.Denial(State, need));

    /// <summary>What a call needs permissions for; null in a run without a policy.</summary>
    public System.Collections.Immutable.ImmutableArray<AccessRequest>? NeedsOf(string tool, string arguments) =>
        State.Spec.Policy is null ? null : Capabilities.Of(tool, arguments, State.Spec.Repository);

    /// <summary>Puts a text with its tokens as the run's model counts them.</summary>
    public TextSource Count(string source, string text) =>
        Services.Blobs.PutText(source, text, State.Model is { } model ? Services.TokenCounter(model.Id) : null);

    /// <summary>Makes the run's prompts.</summary>
    public PromptCache Prompts { get; } = new(services.Blobs.Get);

    /// <summary>Compares what the agent has read with what there is.</summary>
    public Freshness Freshness => field ??= new(this);

    /// <summary>The workspace as it stands, if one is open: calls of the run may be changing it.</summary>
    public IWorkspace? OpenWorkspace => _workspace;

    /// <summary>What stops the run while it is driven.</summary>
    public RunStop? Stop { get; set; }

    public static RunSession Open(RunServices services, RunId run, IRunObserver observer)
    {
        var records = RunHistory.Records(services.Journal, run);
        return new(services, run, RunHistory.Fold(records), records.Count(r => r.Run == run), observer) { _records = records };
    }

    /// <summary>The records that the session was opened with, those of a fork's past first; only once, so that nobody keeps them.</summary>
    public IReadOnlyList<JournalRecord> TakeRecords() =>
        Interlocked.Exchange(ref _records, null) ?? RunHistory.Records(Services.Journal, Run);

    /// <summary>
    /// Writes events down and only then lets them count. If the disk fails the session is over: its state may be ahead
    /// of nothing, never of the journal.
    /// </summary>
    public async Task CommitAsync(IReadOnlyList<RunEvent> events, RunState after, CancellationToken cancellationToken)
    {
        var records = await Services.Journal.AppendAsync(Run, _own, events, cancellationToken);
        _own += records.Count;
        State = after;
        foreach (var record in records)
        {
            _trace.Recorded(record);
            Observer.Recorded(record);
        }
    }

    /// <summary>Writes one event down that follows from nothing but the outside: a stop, a rollback, a manual merge.</summary>
    public Task CommitAsync(RunEvent e, CancellationToken cancellationToken) =>
        CommitAsync([e], Kernel.Kernel.Apply(State, e), cancellationToken);

    /// <summary>The workspace, standing on the state's layer.</summary>
    public ValueTask<IWorkspace> WorkspaceAsync() => WorkspaceAsync(State);

    /// <summary>The workspace, standing on the layer of a state that is about to be committed.</summary>
    public async ValueTask<IWorkspace> WorkspaceAsync(RunState state)
    {
        if (_workspace is not null && (_workspace.Top != state.Layer || !Equals(_workspace.Shells?.Set, state.Shells)))
        {
            await _workspace.DisposeAsync();
            _workspace = null;
        }

        return _workspace ??= Open(state);
    }

    /// <summary>The model of what the run sees; null where there is none. Its making begins when it is first asked for.</summary>
    public RunModel? Model => _model ??= Services.Code is { } models && models.Find(State.Spec.Repository) is { } live
        ? new(live, Services.Layers, State.Spec.Repository, models.Time)
        : null;

    /// <summary>What drives the run's guest; its program ends with the session.</summary>
    public GuestOperation Guest(BudgetLedger ledger) => _guest ??= new(this, ledger);

    public async ValueTask DisposeAsync()
    {
        _trace.Dispose();
        Prompts.Dispose();
        if (_guest is not null)
        {
            await _guest.DisposeAsync();
        }

        await _equipment.DisposeAsync();
        if (_workspace is not null)
        {
            await _workspace.DisposeAsync();
        }
    }

    private IWorkspace Open(RunState state) => Services.Layers.Open(Run, state.Spec.Repository, state.Layer, state.Shells);
}
