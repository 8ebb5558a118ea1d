using System.Net.Sockets;
using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>
/// Cairn in a daemon, over its Unix socket or a loopback TCP port. Runs go on in the daemon whatever becomes of this client.
/// </summary>
public sealed class RemoteCairn : ICairn
{
    /// <summary>Name of the socket in a state directory.</summary>
    public const string SocketName = "cairn.sock";

    private const int MaxLooks = 40;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);

    private readonly ApiConnection _connection;
    private readonly IHuman? _human;
    private readonly TimeProvider _time;

    /// <summary>Name of the socket over which a process that owns a state directory alone lets its runs be stopped.</summary>
    public const string ControlSocketName = "control.sock";

    private RemoteCairn(ApiConnection connection, IHuman? human, TimeProvider time) => (_connection, _human, _time) = (connection, human, time);

    /// <summary>Speaks to the daemon that owns a state directory.</summary>
    /// <param name="stateDirectory">The directory.</param>
    /// <param name="human">Who answers questions of the runs that are driven from here; null for nobody.</param>
    /// <returns>Null when no daemon listens there: none was started, or it was killed.</returns>
    public static RemoteCairn? TryConnect(string stateDirectory, IHuman? human) => TryConnectTo(Path.Combine(stateDirectory, SocketName), human);

    /// <summary>Speaks to a process that drives runs of a state directory without being a daemon: it can be looked at, and its runs stopped.</summary>
    /// <param name="stateDirectory">The directory.</param>
    /// <returns>Null when no process drives a run there.</returns>
    public static RemoteCairn? TryConnectToOwner(string stateDirectory) => TryConnectTo(Path.Combine(stateDirectory, ControlSocketName), null);

    private static RemoteCairn? TryConnectTo(string path, IHuman? human)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            return null;
        }
        catch (SocketException e)
        {
            throw new CairnException($"The daemon's socket {path} cannot be used: {e.Message}", e);
        }

        return new(ApiConnection.OverSocket(path), human, TimeProvider.System);
    }

    /// <summary>Speaks to a daemon over TCP.</summary>
    /// <param name="address">http://127.0.0.1:PORT.</param>
    /// <param name="token">The text of api-token in its state directory.</param>
    /// <param name="human">Who answers questions of the runs that are driven from here; null for nobody.</param>
    public static RemoteCairn Connect(Uri address, string token, IHuman? human)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentException.ThrowIfNullOrEmpty(token);
        return new(ApiConnection.OverTcp(address, token.Trim()), human, TimeProvider.System);
    }

    /// <summary>How the daemon is.</summary>
    public Task<HealthView> HealthAsync(CancellationToken cancellationToken) =>
        _connection.GetAsync("v1/health", ClientJson.Default.HealthView, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<RunSummary>> RunsAsync(CancellationToken cancellationToken) =>
        _connection.GetAsync("v1/runs", ClientJson.Default.IReadOnlyListRunSummary, cancellationToken);

    /// <inheritdoc/>
    public Task<RunSummary> FindAsync(string id, CancellationToken cancellationToken) =>
        _connection.GetAsync($"v1/runs/{Uri.EscapeDataString(id)}", ClientJson.Default.RunSummary, cancellationToken);

    /// <inheritdoc/>
    public async Task<RunId> StartAsync(StartRun request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var absolute = request with
        {
            Repository = Path.GetFullPath(request.Repository),
            AgentFile = request.AgentFile is null ? null : Path.GetFullPath(request.AgentFile),
            Policy = File.Exists(request.Policy) ? Path.GetFullPath(request.Policy) : request.Policy,
            Model = Absolute(request.Model),
        };
        var run = await _connection.PostAsync("v1/runs", absolute, ClientJson.Default.StartRun, ClientJson.Default.RunSummary, cancellationToken);
        return run.Id;
    }

    /// <summary>Starts a run of a code agent that the daemon has under the same name.</summary>
    public Task<RunId> StartAsync(StartRun request, ICodeAgent agent, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(agent);
        return StartAsync(request with { CodeAgent = agent.Name }, cancellationToken);
    }

    /// <summary>
    /// Lets the daemon drive a run and watches it until it ends, pauses, or asks something that nobody here can answer. A
    /// cancelled token pauses the run; <see cref="FollowAsync"/> only watches.
    /// </summary>
    public async Task<RunSummary> DriveAsync(RunId run, ICodeAgent? agent, IRunObserver observer, CancellationToken cancellationToken)
    {
        var before = await FindAsync(run.Value, cancellationToken);
        if (before.Ended)
        {
            return before;
        }

        // A run that was just started is shown from its first record, one that is resumed from here on.
        var after = before.Status is "running" or "queued" or "waiting" ? -1 : before.Records - 1;
        try
        {
            await ResumeAsync(run, cancellationToken);
            return await WatchAsync(run, after, observer, _human, cancellationToken);
        }
        catch (ConflictException)
        {
            // It ended in the meantime.
            return await FindAsync(run.Value, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
            return await PauseAsync(run, "stopped by the user", patience.Token);
        }
    }

    /// <inheritdoc/>
    public Task<RunSummary> FollowAsync(RunId run, IRunObserver observer, CancellationToken cancellationToken) =>
        WatchAsync(run, -1, observer, null, cancellationToken);

    /// <inheritdoc/>
    public Task<RunSummary> ResumeAsync(RunId run, CancellationToken cancellationToken) =>
        _connection.PostAsync($"v1/runs/{run}/resume", ClientJson.Default.RunSummary, cancellationToken);

    /// <inheritdoc/>
    public Task<RunSummary> PauseAsync(RunId run, string reason, CancellationToken cancellationToken) =>
        _connection.PostAsync($"v1/runs/{run}/pause", new StopCall(reason), ClientJson.Default.StopCall, ClientJson.Default.RunSummary, cancellationToken);

    /// <inheritdoc/>
    public Task<RunSummary> CancelAsync(RunId run, string reason, CancellationToken cancellationToken) =>
        _connection.PostAsync($"v1/runs/{run}/cancel", new StopCall(reason), ClientJson.Default.StopCall, ClientJson.Default.RunSummary, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<PendingDecision>> DecisionsAsync(CancellationToken cancellationToken) =>
        _connection.GetAsync("v1/decisions", ClientJson.Default.IReadOnlyListPendingDecision, cancellationToken);

    /// <inheritdoc/>
    public Task<RunSummary> AnswerAsync(RunId run, DecisionId decision, string answer, CancellationToken cancellationToken) =>
        _connection.PostAsync(
            $"v1/runs/{run}/decisions/{decision}", new AnswerCall(answer), ClientJson.Default.AnswerCall, ClientJson.Default.RunSummary, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogEntry>> LogAsync(RunId run, CancellationToken cancellationToken) =>
        _connection.GetAsync($"v1/runs/{run}/log", ClientJson.Default.IReadOnlyListLogEntry, cancellationToken);

    /// <inheritdoc/>
    public Task<StateView> ShowAsync(RunId run, string place, CancellationToken cancellationToken) =>
        _connection.GetAsync($"v1/runs/{run}/state?at={Uri.EscapeDataString(place)}", ClientJson.Default.StateView, cancellationToken);

    /// <inheritdoc/>
    public Task<ContextView> ContextAsync(RunId run, string place, CancellationToken cancellationToken) =>
        _connection.GetAsync($"v1/runs/{run}/context?at={Uri.EscapeDataString(place)}", ClientJson.Default.ContextView, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<CheckpointView>> CheckpointsAsync(RunId run, CancellationToken cancellationToken) =>
        _connection.GetAsync($"v1/runs/{run}/checkpoints", ClientJson.Default.IReadOnlyListCheckpointView, cancellationToken);

    /// <inheritdoc/>
    public Task<RunSummary> RollBackAsync(RunId run, CheckpointId checkpoint, CancellationToken cancellationToken) =>
        _connection.PostAsync(
            $"v1/runs/{run}/rollback", new RollbackCall(checkpoint), ClientJson.Default.RollbackCall, ClientJson.Default.RunSummary, cancellationToken);

    /// <inheritdoc/>
    public async Task<RunId> ForkAsync(RunId run, string place, string? model, CancellationToken cancellationToken)
    {
        var fork = await _connection.PostAsync(
            $"v1/runs/{run}/fork", new ForkCall(place, Absolute(model)), ClientJson.Default.ForkCall, ClientJson.Default.RunSummary, cancellationToken);
        return fork.Id;
    }

    /// <inheritdoc/>
    public Task<DiffView> DiffAsync(RunId run, string place, CancellationToken cancellationToken) =>
        _connection.GetAsync($"v1/runs/{run}/diff?at={Uri.EscapeDataString(place)}", ClientJson.Default.DiffView, cancellationToken);

    /// <inheritdoc/>
    public async Task<MergeFinished> MergeAsync(RunId run, CancellationToken cancellationToken)
    {
        var view = await MergeAsync(run, new MergeRequest(), cancellationToken);
        return new(view.Status, view.Files, view.Message);
    }

    /// <inheritdoc/>
    public Task<MergeView> MergeAsync(RunId run, MergeRequest request, CancellationToken cancellationToken) =>
        _connection.PostAsync($"v1/runs/{run}/merge", request, ClientJson.Default.MergeRequest, ClientJson.Default.MergeView, cancellationToken);

    /// <inheritdoc/>
    public Task<LayersView> LayersAsync(bool store, CancellationToken cancellationToken) => store
        ? _connection.PostAsync("v1/layers/store", ClientJson.Default.LayersView, cancellationToken)
        : _connection.GetAsync("v1/layers", ClientJson.Default.LayersView, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ConflictView>> ConflictsAsync(RunId run, string? path, CancellationToken cancellationToken) => _connection.GetAsync(
        $"v1/runs/{run}/conflicts{(path is null ? "" : $"?path={Uri.EscapeDataString(path)}")}", ClientJson.Default.IReadOnlyListConflictView, cancellationToken);

    /// <inheritdoc/>
    public Task<ReplayView> VerifyAsync(RunId run, CancellationToken cancellationToken) =>
        _connection.GetAsync($"v1/runs/{run}/verify", ClientJson.Default.ReplayView, cancellationToken);

    /// <inheritdoc/>
    public Task<ComparisonView> CompareAsync(RunId first, RunId second, CancellationToken cancellationToken) =>
        _connection.GetAsync($"v1/runs/{first}/compare/{second}", ClientJson.Default.ComparisonView, cancellationToken);

    /// <summary>The daemon asks, with its own keys. Progress is told when all steps were compared.</summary>
    public async Task<DriftView> ReplayLiveAsync(RunId run, LiveReplayOptions options, Action<StepDrift>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var report = await _connection.PostAsync(
            $"v1/runs/{run}/replay", options with { Model = Absolute(options.Model) }, ClientJson.Default.LiveReplayOptions, ClientJson.Default.DriftView, cancellationToken);
        foreach (var step in report.Steps)
        {
            progress?.Invoke(step);
        }

        return report;
    }

    /// <inheritdoc/>
    public Task<CollectionReport> CollectAsync(CollectionRequest request, IProgress<string>? progress, CancellationToken cancellationToken) =>
        _connection.PostAsync("v1/collect", request, ClientJson.Default.CollectionRequest, ClientJson.Default.CollectionReport, cancellationToken);

    /// <inheritdoc/>
    public Task<string> BodyAsync(BlobHash hash, CancellationToken cancellationToken) =>
        _connection.TextAsync($"v1/bodies/{hash}", cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<RunSummary> WatchAsync(RunId run, long after, IRunObserver observer, IHuman? human, CancellationToken cancellationToken)
    {
        await foreach (var message in new EventReader(_connection, _time).ReadAsync(run, after, cancellationToken))
        {
            switch (message)
            {
                case { Event: "end", Run: { } summary }:
                    return summary;
                case { Record: { } record }:
                    observer.Recorded(record);
                    if (human is not null && record.Event is DecisionRequested asked && !await AskAsync(run, asked.Decision, human, cancellationToken))
                    {
                        return await FindAsync(run.Value, cancellationToken);
                    }

                    break;
                case { Piece: { Kind: "delta" } piece }:
                    observer.ModelDelta(piece.Run, new(piece.Text, piece.Tool));
                    break;
                case { Piece: { } piece }:
                    observer.Output(piece.Run, piece.Text);
                    break;
                default:
                    break;
            }
        }

        return await FindAsync(run.Value, cancellationToken);
    }

    /// <summary>Puts a question to the person here.</summary>
    /// <returns>False when the question waits and nobody here can be asked.</returns>
    private async Task<bool> AskAsync(RunId run, DecisionId decision, IHuman human, CancellationToken cancellationToken)
    {
        if (await PendingAsync(run, decision, cancellationToken) is not { } pending)
        {
            return true; // Answered before, or by somebody else.
        }

        if (await human.AskAsync(pending.Question, pending.Options, cancellationToken) is not { } answer)
        {
            return false;
        }

        try
        {
            await AnswerAsync(run, decision, answer, cancellationToken);
        }
        catch (ConflictException)
        {
            // Somebody else was first; the record of that answer is on its way.
        }

        return true;
    }

    /// <summary>The question stands in the journal a moment before it can be answered.</summary>
    private async Task<PendingDecision?> PendingAsync(RunId run, DecisionId decision, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxLooks; attempt++)
        {
            if ((await DecisionsAsync(cancellationToken)).FirstOrDefault(d => d.Run == run && d.Decision == decision) is { } pending)
            {
                return pending;
            }

            if ((await FindAsync(run.Value, cancellationToken)).Status != "waiting")
            {
                return null;
            }

            await Task.Delay(BetweenLooks, _time, cancellationToken);
        }

        return null;
    }

    // A model may be a file: scripted:./answers.yaml. The daemon has another working directory.
    private static string? Absolute(string? model)
    {
        var colon = model?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        return model is null || colon < 0 || model[..colon] is not ("scripted" or "recorded") || !File.Exists(model[(colon + 1)..])
            ? model
            : model[..(colon + 1)] + Path.GetFullPath(model[(colon + 1)..]);
    }
}
