using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>What a user asks for when a model agent is to start.</summary>
public sealed record StartRun
{
    /// <summary>What is to be done.</summary>
    public required string Task { get; init; }

    /// <summary>Path of the repository.</summary>
    public required string Repository { get; init; }

    /// <summary>provider:name; null takes the agent file's, or the first that is configured.</summary>
    public string? Model { get; init; }

    /// <summary>Path of an agent file; null for the built-in coder.</summary>
    public string? AgentFile { get; init; }

    /// <summary>A shipped role (code-analyser, refactorer, deployer) or the path of a policy file; null takes the agent file's, or none.</summary>
    public string? Policy { get; init; }

    /// <summary>Hosts that the run may reach, each HOST[:PORT] or *.HOST[:PORT], beside those of the agent file; null for none.</summary>
    public IReadOnlyList<string>? AllowNet { get; init; }

    /// <summary>Take the tools that the repository brings along in .cairn/tools; whoever wrote the repository wrote them.</summary>
    public bool AllowRepositoryTools { get; init; }

    /// <summary>Name of a code agent that the daemon was started with; null for a model agent.</summary>
    public string? CodeAgent { get; init; }

    /// <summary>A program and its arguments that does the work as a guest; null for an agent.</summary>
    public IReadOnlyList<string>? Guest { get; init; }

    /// <summary>The judge's shell command; "" for none; null takes the agent file's, or the repository's own tests.</summary>
    public string? Judge { get; init; }

    /// <summary>What happens with the changes; null takes the agent file's, or asks.</summary>
    public MergeMode? Merge { get; init; }

    /// <summary>The most tokens; null takes the agent file's.</summary>
    public long? BudgetTokens { get; init; }

    /// <summary>The most US dollars; null takes the agent file's.</summary>
    public decimal? BudgetUsd { get; init; }

    /// <summary>The most steps; null takes the agent file's.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>
    /// The days for which the run is kept after it ended: no collection removes it before, each one may after. Null takes the
    /// agent file's, or leaves it to who collects.
    /// </summary>
    public int? KeepDays { get; init; }
}

/// <summary>
/// Cairn as a user interface sees it: the same whether it runs in this process or in a daemon. Wrong input is a
/// <see cref="CairnException"/> whose text names the thing, the place and the mend.
/// </summary>
public interface ICairn : IAsyncDisposable
{
    /// <summary>All runs, oldest first.</summary>
    Task<IReadOnlyList<RunSummary>> RunsAsync(CancellationToken cancellationToken);

    /// <summary>One run; the id may be cut short when it stays unique, and "last" is the newest run.</summary>
    Task<RunSummary> FindAsync(string id, CancellationToken cancellationToken);

    /// <summary>Starts a run; <see cref="DriveAsync"/> does the work.</summary>
    Task<RunId> StartAsync(StartRun request, CancellationToken cancellationToken);

    /// <summary>Starts a run of a code agent.</summary>
    Task<RunId> StartAsync(StartRun request, ICodeAgent agent, CancellationToken cancellationToken);

    /// <summary>Drives a run until it ends or pauses. A cancelled token pauses it.</summary>
    Task<RunSummary> DriveAsync(RunId run, ICodeAgent? agent, IRunObserver observer, CancellationToken cancellationToken);

    /// <summary>Watches a run until it ends or stops. A cancelled token ends the watching, never the run.</summary>
    Task<RunSummary> FollowAsync(RunId run, IRunObserver observer, CancellationToken cancellationToken);

    /// <summary>Lets a daemon go on with a run that was interrupted, paused or rolled back.</summary>
    Task<RunSummary> ResumeAsync(RunId run, CancellationToken cancellationToken);

    /// <summary>
    /// Pauses a run: the model's stream and all processes of its tools are stopped, and what they printed is kept.
    /// </summary>
    Task<RunSummary> PauseAsync(RunId run, string reason, CancellationToken cancellationToken);

    /// <summary>Ends a run for good; its changes stay in its fork.</summary>
    Task<RunSummary> CancelAsync(RunId run, string reason, CancellationToken cancellationToken);

    /// <summary>The questions that wait for a human, oldest run first.</summary>
    Task<IReadOnlyList<PendingDecision>> DecisionsAsync(CancellationToken cancellationToken);

    /// <summary>Answers a question; returns when the answer is durable.</summary>
    /// <exception cref="ConflictException">When another answer was first, or the run stopped before it was written down.</exception>
    Task<RunSummary> AnswerAsync(RunId run, DecisionId decision, string answer, CancellationToken cancellationToken);

    /// <summary>A run's records, those of a fork's past first.</summary>
    Task<IReadOnlyList<LogEntry>> LogAsync(RunId run, CancellationToken cancellationToken);

    /// <summary>The state at a place: a step (7), a checkpoint (c3), a record (@17) or end.</summary>
    Task<StateView> ShowAsync(RunId run, string place, CancellationToken cancellationToken);

    /// <summary>What is in the run's context at a place, tier by tier, and how its prompts continued each other.</summary>
    Task<ContextView> ContextAsync(RunId run, string place, CancellationToken cancellationToken) =>
        throw new CairnException("This Cairn does not show contexts: look into the state directory itself.");

    /// <summary>A run's checkpoints.</summary>
    Task<IReadOnlyList<CheckpointView>> CheckpointsAsync(RunId run, CancellationToken cancellationToken);

    /// <summary>Takes a run back to a checkpoint.</summary>
    Task<RunSummary> RollBackAsync(RunId run, CheckpointId checkpoint, CancellationToken cancellationToken);

    /// <summary>Makes a new run that continues another one from a place, with another model if one is named.</summary>
    Task<RunId> ForkAsync(RunId run, string place, string? model, CancellationToken cancellationToken);

    /// <summary>What a run changed, up to a place or in all.</summary>
    Task<DiffView> DiffAsync(RunId run, string place, CancellationToken cancellationToken);

    /// <summary>Merges what an ended run changed into its repository.</summary>
    Task<MergeFinished> MergeAsync(RunId run, CancellationToken cancellationToken);

    /// <summary>Likewise, with decisions about conflicts. They are kept also when others are still open; nothing is merged then.</summary>
    Task<MergeView> MergeAsync(RunId run, MergeRequest request, CancellationToken cancellationToken) =>
        throw new CairnException("This Cairn cannot resolve conflicts.");

    /// <summary>The conflicts of the last merge that was tried.</summary>
    /// <param name="run">The run.</param>
    /// <param name="path">Only this one, with its text; null for all.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<IReadOnlyList<ConflictView>> ConflictsAsync(RunId run, string? path, CancellationToken cancellationToken) =>
        throw new CairnException("This Cairn keeps no conflicts.");

    /// <summary>Folds the journal again and compares everything with what was recorded.</summary>
    Task<ReplayView> VerifyAsync(RunId run, CancellationToken cancellationToken);

    /// <summary>Where two runs part: the first thing that differs, all steps side by side, and the files.</summary>
    Task<ComparisonView> CompareAsync(RunId first, RunId second, CancellationToken cancellationToken);

    /// <summary>Asks a model again with the exact prompt of each step and reports how its answers drift. Runs no tool and writes nothing.</summary>
    /// <param name="run">The run.</param>
    /// <param name="options">Which model, and what it may cost.</param>
    /// <param name="progress">Told of each step when it was compared; may be null.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<DriftView> ReplayLiveAsync(RunId run, LiveReplayOptions options, Action<StepDrift>? progress, CancellationToken cancellationToken);

    /// <summary>Takes out of the state directory what nothing reaches, and runs that need not be kept.</summary>
    /// <param name="request">What to keep.</param>
    /// <param name="progress">Told now and then what is being done; may be null.</param>
    /// <param name="cancellationToken">Stops safely; what was done stays done.</param>
    Task<CollectionReport> CollectAsync(CollectionRequest request, IProgress<string>? progress, CancellationToken cancellationToken) =>
        throw new CairnException("This Cairn cannot collect its state directory.");

    /// <summary>Which layers are in the body store, and which are not yet: a copy of journal and bodies would lack those.</summary>
    /// <param name="store">Store them first.</param>
    /// <param name="cancellationToken">Stops safely; what was done stays done.</param>
    Task<LayersView> LayersAsync(bool store, CancellationToken cancellationToken) => throw new CairnException("This Cairn cannot tell.");

    /// <summary>The text of a body by its hash.</summary>
    Task<string> BodyAsync(BlobHash hash, CancellationToken cancellationToken);
}

/// <summary>What was named does not exist.</summary>
public sealed class NotFoundException(string message) : CairnException(message);

/// <summary>It cannot be done now, because of what else is going on: the run is at work, or the question has its answer.</summary>
public sealed class ConflictException(string message) : CairnException(message);

/// <summary>Wrong input, or a state of things that stands in the way: the text names the thing, the place and the mend.</summary>
public class CairnException(string message, Exception? inner = null) : Exception(message, inner);
