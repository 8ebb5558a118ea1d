using Cairn.Abstractions;
using Cairn.Tools;

namespace Cairn.Host;

/// <summary>The ports that a run's host works through. The simulator and the tests put their own in.</summary>
public sealed record RunServices
{
    /// <summary>The truth.</summary>
    public required IJournal Journal { get; init; }

    /// <summary>Bodies.</summary>
    public required IBlobStore Blobs { get; init; }

    /// <summary>Files and sandboxes.</summary>
    public required ILayerStore Layers { get; init; }

    /// <summary>Tools.</summary>
    public required IToolRegistry Tools { get; init; }

    /// <summary>Makes the tools of a run that has devices of its own.</summary>
    public Func<RunDevices, IToolRegistry> Equip { get; init; } = devices => new RunTools(devices);

    /// <summary>The language servers that are there for what a workspace holds; none by default.</summary>
    public Func<IWorkspace, System.Collections.Immutable.ImmutableArray<LanguageServer>> Languages { get; init; } = _ => [];

    /// <summary>The value of a secret by its variable, for requests that leave through egress.</summary>
    public Func<string, string?> Secret { get; init; } = _ => null;

    /// <summary>Models.</summary>
    public required IModelCatalog Models { get; init; }

    /// <summary>The judge.</summary>
    public required IJudge Judge { get; init; }

    /// <summary>People.</summary>
    public required IHuman Human { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Record the log-probabilities of answers where a provider offers them.</summary>
    public bool Logprobs { get; init; }

    /// <summary>How many effects of all runs may be under way at once; null for any number.</summary>
    public FairGate? Effects { get; init; }

    /// <summary>Where the ids of new runs come from; random by default. A simulation names its runs.</summary>
    public Func<RunId> NewRunId { get; init; } = RunStarter.NewId;

    /// <summary>
    /// The secret that the marks of frames around untrusted texts are derived from: one for a state directory, so that two runs
    /// of it that see the same have the same prompts.
    /// </summary>
    public BlobHash Fence { get; init; } = FenceKey.Random();

    /// <summary>Counts the tokens of texts as a model does, by the model's id; null where nobody can, and a bound stands for the count.</summary>
    public Func<string, ITokenCounter?> TokenCounter { get; init; } = _ => null;

    /// <summary>The models of the code that runs work on; null where names are not checked.</summary>
    internal CodeModels? Code { get; init; }

    /// <summary>Tells soon when files change that agents have read; null where changes are only found by comparing.</summary>
    public IFileWatch? Watch { get; init; }

    /// <summary>What is known beyond a run's own past; null for nothing.</summary>
    public IArchive? Archive { get; init; }

    /// <summary>Turns what a user names into a repository's absolute path, or says why it is none.</summary>
    public Func<string, string> FindRepository { get; init; } = Repositories.Check;
}

/// <summary>An observer that looks away.</summary>
public sealed class NoObserver : IRunObserver
{
    /// <summary>The one instance.</summary>
    public static NoObserver Instance { get; } = new();

    /// <inheritdoc/>
    public void Recorded(JournalRecord record)
    {
    }

    /// <inheritdoc/>
    public void ModelDelta(RunId run, ModelDelta delta)
    {
    }

    /// <inheritdoc/>
    public void Output(RunId run, string text)
    {
    }
}
