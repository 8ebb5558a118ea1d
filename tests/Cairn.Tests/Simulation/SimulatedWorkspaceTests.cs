using System.Text;
using Cairn.Host.Simulation;
using Cairn.Storage;
using Cairn.Tests.Sandbox;

namespace Cairn.Tests.Simulation;

/// <summary>The simulator's workspace keeps the contract of the real one, so that what it shows holds there too.</summary>
public sealed class SimulatedWorkspaceTests : WorkspaceConformance, IDisposable
{
    private readonly SimulatedMachine _machine = new(1, Plant.None);
    private readonly StateStore _store;
    private readonly SimulatedLayers _layers;

    public SimulatedWorkspaceTests()
    {
        _store = StateStore.Open(_machine.Disk, "/state", _machine.Time);
        _layers = new(_machine, _store.Blobs);
        Directory("empty");
        Directory("src");
        Directory("src/deep");
        File("readme.txt", "hello\n", 0x1A4);
        File("run.sh", "#!/bin/sh\n", 0x1ED);
        File("src/a.cs", "a\n", 0x1A4);
        File("src/deep/b.cs", "b\n", 0x1A4);
        _machine.Files.Sync();
    }

    protected override bool HasLinks => false;

    public void Dispose() => _store.Dispose();

    protected override IWorkspace Open(string run, LayerId? top = null) => _layers.Open(RunId.Parse(run), "/repository", top);

    private void Directory(string path) => _machine.Files.Replace(path, new(EntryKind.Directory, [], 0x1ED));

    private void File(string path, string text, int mode) =>
        _machine.Files.Replace(path, new(EntryKind.File, Encoding.UTF8.GetBytes(text), mode));
}
