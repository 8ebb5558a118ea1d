using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cairn.Sandbox;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>What nothing reaches goes; what something reaches, or may soon, stays - also when the process is killed.</summary>
public sealed class LayerCollectionTests : IDisposable
{
    private const string StateVariable = "CAIRN_TEST_STATE";
    private const string AfterVariable = "CAIRN_TEST_AFTER";
    private const int Stacks = 12;
    private const int Deep = 6;
    private static readonly LayerStoreOptions NoGrace = new() { CollectionGrace = TimeSpan.Zero, SquashDepth = 4 };
    private readonly SandboxFixture _fixture = new(options: NoGrace);

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Layers_that_nothing_reaches_go_with_their_squashes_and_left_overs()
    {
        await Stack("keep", 7);
        await Stack("drop", 7);
        Directory.CreateDirectory(Path.Combine(_fixture.State, "layers/half.1/d/x"));
        Directory.CreateDirectory(Path.Combine(_fixture.State, "open/gone/d/x"));
        Directory.CreateDirectory(Path.Combine(_fixture.State, "squash/+half/x"));
        Directory.CreateDirectory(Path.Combine(_fixture.State, "dead/3/x"));
        var working = _fixture.Open("working");
        working.Write("open-file", "x"u8, null);
        var expected = await Manifest("keep.5");

        var would = Collect(dryRun: true, "keep.5");
        Assert.True(Directory.Exists(Path.Combine(_fixture.State, "layers/drop.0")));
        var done = Collect(dryRun: false, "keep.5");
        Assert.Equal((would.Layers, would.Squashes, would.LeftOvers), (done.Layers, done.Squashes, done.LeftOvers));
        Assert.InRange(would.Bytes, done.Bytes / 2, done.Bytes);
        Assert.Equal(8, done.Layers);
        Assert.Equal(2, done.LeftOvers);
        Assert.InRange(done.Bytes, 8 * 4096, 8 * 400_000);
        Assert.Equal(["keep.0", "keep.1", "keep.2", "keep.3", "keep.4", "keep.5"], Names("layers"));
        Assert.Equal(["working"], Names("open"));
        Assert.Empty(Names("dead"));
        Assert.DoesNotContain(Names("squash"), name => name.StartsWith("drop", StringComparison.Ordinal) || name.StartsWith('+'));
        await working.DisposeAsync();
        _fixture.Restart();
        Assert.Equal(expected, await Manifest("keep.5"));
        Assert.Equal(0, Collect(dryRun: false, "keep.5").Layers);
        Assert.Equal(FileProblem.NotFound, Assert.Throws<WorkspaceException>(() => _fixture.Store.Changes(LayerId.Parse("drop.0"))).Problem);
    }

    [Fact]
    public async Task A_layer_that_was_frozen_before_its_record_is_never_collected()
    {
        using var store = new LayerStore(_fixture.State, _fixture.Blobs, TimeProvider.System);
        await using var w = store.Open(RunId.Parse("r"), _fixture.Repository, null);
        w.Write("one", "1"u8, null);
        w.Freeze(LayerId.Parse("r.1"));
        var made = store.Collect(
            () =>
            {
                // Made while the collection works out what is reachable.
                w.Write("two", "2"u8, null);
                w.Freeze(LayerId.Parse("r.2"));
                return [];
            },
            false, null, TestContext.Current.CancellationToken);
        Assert.Equal(0, made.Layers);
        Assert.Equal("1"u8.ToArray(), w.Read("one", 10).Content.ToArray());
        Assert.Equal(LayerId.Parse("r.1"), store.Changes(LayerId.Parse("r.2")).Parent is { } parent ? parent : default);

        // A later process knows that no record will ever come.
        using var later = new LayerStore(_fixture.State, _fixture.Blobs, TimeProvider.System);
        Assert.Equal(2, later.Collect(() => [], false, null, TestContext.Current.CancellationToken).Layers);
    }

    [Fact]
    public async Task Runs_go_on_freezing_while_layers_are_collected()
    {
        for (var i = 0; i < 20; i++)
        {
            await Stack($"old{i}", 2);
        }

        using var store = new LayerStore(_fixture.State, _fixture.Blobs, TimeProvider.System);
        var worker = Task.Run(async () =>
        {
            await using var w = store.Open(RunId.Parse("busy"), _fixture.Repository, null);
            for (var i = 0; i < 60; i++)
            {
                w.Write($"b{i}", Encoding.UTF8.GetBytes($"{i}"), null);
                w.Freeze(LayerId.Parse($"busy.{i}"));
            }

            return w.Manifest();
        }, TestContext.Current.CancellationToken);
        var removed = 0;
        do
        {
            removed += store.Collect(() => [], false, null, TestContext.Current.CancellationToken).Layers;
        }
        while (!worker.IsCompleted);

        Assert.Equal(40, removed);
        var manifest = await worker;
        _fixture.Restart();
        Assert.Equal(manifest.AsEnumerable(), await Manifest("busy.59"));
    }

    /// <summary>Only ever run by the test below, in a process of its own.</summary>
    [Fact(Explicit = true)]
    public void Inner_collects_until_it_is_killed()
    {
        using var store = new LayerStore(Environment.GetEnvironmentVariable(StateVariable)!, new MemoryBlobs(), TimeProvider.System, NoGrace);
        var after = TimeSpan.FromMicroseconds(int.Parse(Environment.GetEnvironmentVariable(AfterVariable)!, CultureInfo.InvariantCulture));
        store.Collect(() => [LayerId.Parse("s0.5")], false, new KillsItself(after), CancellationToken.None);
    }

    /// <summary>SIGKILL some time after the first layer went, wherever the collection is then.</summary>
    private sealed class KillsItself(TimeSpan after) : IProgress<string>
    {
        private bool _begun;

        public void Report(string value)
        {
            if (!_begun)
            {
                _begun = true;
                var since = Stopwatch.StartNew();
                new Thread(() =>
                {
                    SpinWait.SpinUntil(() => since.Elapsed >= after);
                    using var self = Process.GetCurrentProcess();
                    self.Kill();
                }).Start();
            }
        }
    }

    [Fact]
    public async Task A_collection_that_is_killed_at_any_moment_leaves_every_layer_whole_with_its_parents()
    {
        for (var i = 0; i < Stacks; i++)
        {
            await Stack($"s{i}", Deep);
        }

        var expected = await Manifest("s0.5");
        var kept = Path.Combine(Path.GetDirectoryName(_fixture.State)!, "kept");
        SandboxFixture.OnHost("cp", "-a", _fixture.State, kept);
        var partial = 0;
        for (var round = 0; round < 12; round++)
        {
            _fixture.Store.Dispose();
            SandboxFixture.OnHost("rm", "-rf", _fixture.State);
            SandboxFixture.OnHost("cp", "-a", kept, _fixture.State);
            await KillAsync(round * 400);
            _fixture.Restart();
            var left = Names("layers");
            partial += left.Length is > Deep and < Stacks * Deep ? 1 : 0;
            foreach (var name in left)
            {
                var parent = _fixture.Store.Changes(LayerId.Parse(name)).Parent;
                Assert.True(parent is null || left.Contains(parent.Value.Value), $"{name} lost its parent {parent}");
            }

            Assert.Equal(expected, await Manifest("s0.5"));
            Collect(dryRun: false, "s0.5");
            Assert.Equal(Deep, Names("layers").Length);
            Assert.Empty(Names("dead"));
        }

        Assert.NotEqual(0, partial);
        TestContext.Current.SendDiagnosticMessage($"{partial} of 12 kills hit the middle of the collection");
    }

    private async Task KillAsync(int microseconds)
    {
        var method = $"{typeof(LayerCollectionTests).FullName}.{nameof(Inner_collects_until_it_is_killed)}";
        var info = new ProcessStartInfo(Environment.ProcessPath!, ["-method", method, "-explicit", "only"]) { RedirectStandardOutput = true };
        info.Environment[StateVariable] = _fixture.State;
        info.Environment[AfterVariable] = microseconds.ToString(CultureInfo.InvariantCulture);
        using var inner = Process.Start(info)!;
        await inner.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await inner.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private async Task Stack(string run, int layers)
    {
        await using var w = _fixture.Open(run);
        for (var i = 0; i < layers; i++)
        {
            w.Write($"src/deep/{run}{i % 3}", Encoding.UTF8.GetBytes($"{run} {i}"), w.Stat($"src/deep/{run}{i % 3}") is null ? null : w.Read($"src/deep/{run}{i % 3}", 100).Version);
            Assert.NotNull(w.Freeze(LayerId.Parse($"{run}.{i}")));
        }
    }

    private async Task<ManifestEntry[]> Manifest(string top)
    {
        await using var w = _fixture.Open("look", top);
        return [.. w.Manifest()];
    }

    private LayersReclaimed Collect(bool dryRun, params string[] reachable) =>
        _fixture.Store.Collect(() => reachable.Select(LayerId.Parse), dryRun, null, TestContext.Current.CancellationToken);

    private string[] Names(string directory) =>
        [.. Directory.GetDirectories(Path.Combine(_fixture.State, directory)).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
