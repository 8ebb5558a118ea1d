using Cairn.Abstractions;
using Cairn.Sdk;
using Cairn.Storage;
using Cairn.Tools;

namespace Cairn.Host.Simulation;

/// <summary>One life of a Cairn process on a simulated machine: the real store, kernel and host over simulated ports.</summary>
internal sealed class SimulatedProcess : IDisposable
{
    public const string StateDirectory = "/state";

    private const string Repository = "/repository";

    private readonly Acknowledged _acknowledged;
    private readonly SimulatedLayers _layers;
    private RunId _next;

    public SimulatedProcess(SimulatedMachine machine, Scenario scenario, Acknowledged acknowledged)
    {
        (Machine, Scenario, _acknowledged) = (machine, scenario, acknowledged);
        Store = StateStore.Open(Disk(machine), StateDirectory, machine.Time, Options(machine));
        IBlobStore blobs = machine.Plant == Plant.BodyAfterRecord ? new LyingBlobs(Store.Blobs) : Store.Blobs;
        Services = new RunServices
        {
            Journal = machine.Plant == Plant.None ? Store.Journal : new LyingJournal(Store.Journal, machine.Plant, machine.Time),
            Blobs = blobs,
            Layers = _layers = new SimulatedLayers(machine, blobs),
            Tools = new ToolRegistry(SimulatedTool.All(machine)),
            Models = new SimulatedModels(machine, scenario),
            Judge = new SimulatedJudge(machine),
            Human = new SimulatedHuman(machine),
            Time = machine.Time,
            NewRunId = () => _next,
            Fence = BlobHash.OfText("simulated"),
            FindRepository = path => path,
        };
        Control = new(Services);
    }

    public SimulatedMachine Machine { get; }

    public Scenario Scenario { get; }

    public StateStore Store { get; }

    public RunServices Services { get; }

    public RunControl Control { get; }

    public TimeProvider Time => Machine.Time;

    public IReadOnlyList<RunEvent> Events(RunId run) => RunHistory.Events(Services.Journal, run);

    /// <summary>A run's own events; none when there is no such run.</summary>
    public IReadOnlyList<RunEvent> Events(string run) => [.. Services.Journal.Read(RunId.Parse(run)).Select(r => r.Event)];

    /// <summary>Starts a run unless an earlier life did.</summary>
    public async Task<RunId> EnsureAsync(string id, string? model, Func<RunRequest, RunRequest> with)
    {
        var run = RunId.Parse(id);
        if (Services.Journal.Read(run).Count > 0)
        {
            return run;
        }

        // No await between the id and its use: other starts run beside this one.
        var request = with(new() { Task = $"simulated task of {id}", Repository = Repository, Model = model is null ? null : $"sim:{model}" });
        _next = run;
        return await Control.StartAsync(request, CancellationToken.None);
    }

    /// <summary>Forks a run unless an earlier life did.</summary>
    public async Task<RunId> EnsureForkAsync(string id, RunId source, string place)
    {
        var run = RunId.Parse(id);
        if (Services.Journal.Read(run).Count > 0)
        {
            return run;
        }

        _next = run;
        return await Control.ForkAsync(source, Positions.Find(Events(source), place), null, CancellationToken.None);
    }

    /// <summary>Collects what nothing reaches, beside whatever else goes on.</summary>
    public Task<CollectionReport> CollectAsync(CollectionRequest request) => new Retention(
        Services, Control, Store, _layers.Collect, Machine.Plant == Plant.LayerContentsForgotten ? _ => [] : _layers.Contents)
        .CollectAsync(request, null, CancellationToken.None);

    /// <summary>Drives a run to its end.</summary>
    public Task FinishAsync(RunId run, ICodeAgent? agent) => Control.DriveAsync(run, agent, _acknowledged, CancellationToken.None);

    /// <summary>Drives a run until it ends or is stopped.</summary>
    public Task DriveAsync(RunId run, ICodeAgent? agent, RunStop stop) => Control.DriveAsync(run, agent, _acknowledged, stop);

    /// <summary>Drives a run as a host of its own would, or loses against somebody else who drives it.</summary>
    public async Task TryFinishAsync(RunId run)
    {
        try
        {
            await new RunControl(Services).DriveAsync(run, null, _acknowledged, CancellationToken.None);
        }
        catch (JournalConflictException)
        {
        }
    }

    public void Dispose() => Store.Dispose();

    private static IDisk Disk(SimulatedMachine machine) =>
        machine.Plant == Plant.None ? machine.Disk : new LyingDisk(machine.Disk, machine.Plant);

    // Small segments and frequent anchors, so that a short job already meets every path of the storage engine.
    private static StateStoreOptions Options(SimulatedMachine machine) => new()
    {
        SegmentBytes = 48 * 1024,
        ZeroFillBytes = 4096,
        AnchorCommits = 6,
        AcceptTornRecords = machine.Plant == Plant.TornRecordAccepted,
        NewSalt = () => (ulong)machine.Random.NextInt64(),
    };
}
