namespace Cairn.Bench.Workload;

/// <summary>A whole kernel over a real journal: runs, budgets, prompts, bodies; only files, tools and models are in memory.</summary>
internal sealed class BenchKernel : IDisposable
{
    private readonly StateStore _store;

    /// <param name="directory">The state directory; a repository is made beside it.</param>
    /// <param name="bytes">Payload of a step.</param>
    /// <param name="model">The model, for model agents.</param>
    public BenchKernel(string directory, int bytes, IModelCatalog model)
    {
        Repository = directory + ".repository";
        Directory.CreateDirectory(Path.Combine(Repository, ".git"));
        _store = StateStore.Open(new PosixDisk(), directory, TimeProvider.System);
        Control = new(new RunServices
        {
            Journal = _store.Journal,
            Blobs = _store.Blobs,
            Layers = new MemoryLayers(),
            Tools = new NoteTools(bytes),
            Models = model,
            Judge = new Nobody(),
            Human = new Nobody(),
            Time = TimeProvider.System,
        });
    }

    public RunControl Control { get; }

    public IJournal Journal => _store.Journal;

    public string Repository { get; }

    public Task<RunId> StartAsync(ICodeAgent? code, CancellationToken cancellationToken) => Control.StartAsync(
        new RunRequest
        {
            Task = "Take notes.",
            Repository = Repository,
            Code = code,
            Model = code is null ? ScriptedModel.Id : null,
            Profile = code is null ? new AgentProfile { Name = "notes", Prompt = "You take notes." } : null,
            Merge = MergeMode.Never,
            Limits = new() { Steps = 1_000_000 },
        },
        cancellationToken);

    /// <summary>The size of every collection behind it.</summary>
    public SortedDictionary<string, long> Tables() => Workload.Tables.Of(Control, _store);

    public void Dispose() => _store.Dispose();

    private sealed class Nobody : IJudge, IHuman
    {
        public Task<Judgment> JudgeAsync(IWorkspace workspace, JudgeSpec spec, Action<string>? onOutput, CancellationToken cancellationToken) =>
            Task.FromResult(new Judgment(true, 1, ""));

        public Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken) =>
            Task.FromResult<string?>(null);
    }
}
