using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cairn.Sandbox;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Old layers of a deep stack lie in packs; nobody but the disk notices.</summary>
public sealed class LayerPackTests : IDisposable
{
    private const string StateVariable = "CAIRN_TEST_STATE";
    private const string RepositoryVariable = "CAIRN_TEST_REPOSITORY";
    private const string AfterVariable = "CAIRN_TEST_AFTER";
    private static readonly LayerStoreOptions Shallow = new() { SquashDepth = 3, CollectionGrace = TimeSpan.Zero };
    private readonly SandboxFixture _fixture = new(options: Shallow);

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Every_layer_of_a_packed_stack_is_what_it_was_and_so_are_its_contents()
    {
        var manifests = new List<IReadOnlyList<ManifestEntry>>();
        await using (var w = _fixture.Open())
        {
            for (var i = 0; i < 30; i++)
            {
                // Whiteouts, opaque directories, a directory for a file and back, links, modes, times, names that are no text.
                var script = (i % 6) switch
                {
                    1 => "rm -rf src; mkdir src; echo $$ > src/again; ln -sf again src/link",
                    2 => "rm readme.txt; mkdir -p readme.txt/below; echo x > readme.txt/below/y; chmod 700 readme.txt; touch -d 2001-02-03T04:05:06 run.sh",
                    3 => "rm -rf readme.txt; echo file > readme.txt; chmod 600 readme.txt; printf x > \"$(printf 'n\\377')\"; rm -f f0",
                    4 => "mkdir -p src/deep; echo new > src/deep/b.cs; rm src/again; mkdir -p empty/one/two",
                    5 => "rm -rf empty; chmod 4755 run.sh; mv f1 f9",
                    _ => "true",
                };
                Assert.Equal("", (await Shell(w, script)).Error);
                w.Write($"f{i % 4}", Encoding.UTF8.GetBytes($"{i}"), w.Stat($"f{i % 4}") is null ? null : w.Read($"f{i % 4}", 100).Version);
                Assert.NotNull(w.Freeze(LayerId.Parse($"n{i}")));
                manifests.Add(w.Manifest());
            }
        }

        Assert.NotEmpty(Names("packs"));
        Assert.True(new FileInfo(Path.Combine(_fixture.State, "layers/n10")).LinkTarget is not null, "n10 is not packed");
        _fixture.Restart();
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
        Directory.CreateDirectory(Path.Combine(_fixture.State, "squash/+packed/half"));
        _fixture.Restart();
        for (var i = manifests.Count - 1; i >= 0; i -= 1)
        {
            await using var again = _fixture.Open($"look{i}", $"n{i}");
            Assert.Equal(manifests[i], again.Manifest());
            foreach (var change in _fixture.Store.Changes(LayerId.Parse($"n{i}")).Changes.Where(c => c.Kind == EntryKind.File && !c.After.IsNone))
            {
                Assert.Equal(change.After, BlobHash.Of(_fixture.Store.Content(change.After)));
            }
        }

        await using var old = _fixture.Open("old", "n8");
        Assert.Equal("981173106 x\n", (await Shell(old, "echo $(stat -c %Y run.sh) $(cat readme.txt/below/y)")).Output);
        old.Write("branch", "b"u8, null);
        Assert.NotNull(old.Freeze(LayerId.Parse("branch")));
    }

    [Fact]
    public async Task Packed_layers_above_and_below_one_that_is_not_come_back_together()
    {
        const int TooLargeToPack = 9 << 20;
        await using (var w = _fixture.Open("r"))
        {
            for (var i = 0; i < 20; i++)
            {
                w.Write($"f{i}", i == 9 ? new byte[TooLargeToPack] : [(byte)i], null);
                Assert.NotNull(w.Freeze(LayerId.Parse($"r.{i}")));
            }
        }

        Assert.False(_fixture.Store.Files.IsPacked(LayerId.Parse("r.9")));
        Assert.True(_fixture.Store.Files.IsPacked(LayerId.Parse("r.8")) && _fixture.Store.Files.IsPacked(LayerId.Parse("r.10")));
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
        _fixture.Restart();
        Assert.Equal(12, (await Manifest("r.11")).Count(line => line.Path.StartsWith('f')));
    }

    [Fact]
    public async Task A_pack_goes_with_the_last_of_its_layers()
    {
        await Edit(_fixture.Store, "keep", 20);
        await Edit(_fixture.Store, "drop", 20);
        var manifest = await Manifest("keep.19");
        Assert.Contains(Names("packs"), name => name.StartsWith("drop", StringComparison.Ordinal));
        Assert.Equal(20, Collect("keep.19").Layers);
        Assert.All(Names("packs"), name => Assert.StartsWith("keep", name, StringComparison.Ordinal));
        _fixture.Restart();
        Assert.Equal(manifest, await Manifest("keep.19"));
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
        _fixture.Restart();
        Assert.Equal(manifest, await Manifest("keep.19"));
        Collect();
        Assert.Empty(Names("packs"));
        Assert.Empty(Names("layers"));
    }

    [Fact]
    public async Task Edits_of_a_large_file_take_little_more_than_what_they_change()
    {
        const int Kilobytes = 200;
        var random = new Random(1);
        var text = new byte[Kilobytes * 1024];
        random.NextBytes(text);
        File.WriteAllBytes(_fixture.In("large"), text);
        using var store = new LayerStore(_fixture.State, _fixture.Blobs, TimeProvider.System, Shallow with { SquashDepth = 10 });
        await using var w = store.Open(RunId.Parse("r"), _fixture.Repository, null);
        for (var i = 0; i < 100; i++)
        {
            var before = BlobHash.Of(text);
            text[random.Next(text.Length)]++;
            w.Write("large", text, before);
            Assert.NotNull(w.Freeze(LayerId.Parse($"e{i}")));
        }

        // A hundred versions: only the youngest are there as a whole, and the repository's own.
        Assert.InRange(Usage(_fixture.State), 1, 40 * Kilobytes * 1024);
        Assert.Equal(Kilobytes * 1024, _fixture.Blobs.Bytes);
    }

    [Fact]
    public async Task A_damaged_pack_is_named_and_never_read_as_something_else()
    {
        await Edit(_fixture.Store, "r", 12);
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
        var pack = Directory.GetFiles(Path.Combine(_fixture.State, "packs"))[0];
        var bytes = File.ReadAllBytes(pack);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(pack, bytes);
        _fixture.Restart();
        var problem = await Assert.ThrowsAnyAsync<Exception>(() => Manifest("r.11"));
        Assert.True(problem is WorkspaceException or InvalidDataException, problem.ToString());
        Assert.Contains("packs/", problem.Message, StringComparison.Ordinal);
    }

    /// <summary>Only ever run by the test below, in a process of its own.</summary>
    [Fact(Explicit = true)]
    public async Task Inner_freezes_until_it_is_killed()
    {
        var after = TimeSpan.FromMicroseconds(int.Parse(Environment.GetEnvironmentVariable(AfterVariable)!, CultureInfo.InvariantCulture));
        using var store = new LayerStore(Environment.GetEnvironmentVariable(StateVariable)!, new MemoryBlobs(), TimeProvider.System, Shallow);
        await using var w = store.Open(RunId.Parse("k"), Environment.GetEnvironmentVariable(RepositoryVariable)!, null);
        for (var i = 0; ; i++)
        {
            w.Write($"k{i}", Encoding.UTF8.GetBytes($"{i}"), null);
            w.Freeze(LayerId.Parse($"k.{i}"));
            if (i == 6)
            {
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
    public async Task A_kill_at_any_moment_leaves_every_layer_whole()
    {
        var packed = 0;
        for (var round = 0; round < 8; round++)
        {
            _fixture.Store.Dispose();
            OnHost("rm", "-rf", _fixture.State);
            await KillAsync(round * 5_321);
            _fixture.Restart();
            packed += Names("packs").Length > 0 ? 1 : 0;
            var layers = Names("layers").Where(name => _fixture.Store.Files.Exists(LayerId.Parse(name))).Select(name => int.Parse(name[2..], CultureInfo.InvariantCulture)).Order().ToList();
            Assert.Equal(Enumerable.Range(0, layers.Count), layers);
            if (layers.Count > 0)
            {
                OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
                _fixture.Restart();
                var files = (await Manifest($"k.{layers.Count - 1}")).Where(line => line.Path.StartsWith('k'));
                Assert.Equal(
                    layers.Select(i => ($"k{i}", BlobHash.OfText($"{i}"))).OrderBy(f => f.Item1, StringComparer.Ordinal), files.Select(line => (line.Path, line.Content)));
                Collect($"k.{layers.Count - 1}");
                Assert.Equal(layers.Count, Names("layers").Length);
            }
        }

        Assert.NotEqual(0, packed);
    }

    private async Task KillAsync(int microseconds)
    {
        var method = $"{typeof(LayerPackTests).FullName}.{nameof(Inner_freezes_until_it_is_killed)}";
        var info = new ProcessStartInfo(Environment.ProcessPath!, ["-method", method, "-explicit", "only"]) { RedirectStandardOutput = true };
        info.Environment[StateVariable] = _fixture.State;
        info.Environment[RepositoryVariable] = _fixture.Repository;
        info.Environment[AfterVariable] = microseconds.ToString(CultureInfo.InvariantCulture);
        using var inner = Process.Start(info)!;
        await inner.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await inner.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private async Task Edit(LayerStore store, string run, int layers)
    {
        await using var w = store.Open(RunId.Parse(run), _fixture.Repository, null);
        for (var i = 0; i < layers; i++)
        {
            w.Write($"src/{run}{i}", Encoding.UTF8.GetBytes($"{run} {i}"), null);
            Assert.NotNull(w.Freeze(LayerId.Parse($"{run}.{i}")));
        }
    }

    private async Task<ManifestEntry[]> Manifest(string top)
    {
        await using var w = _fixture.Open("look", top);
        return [.. w.Manifest()];
    }

    private LayersReclaimed Collect(params string[] reachable) =>
        _fixture.Store.Collect(() => reachable.Select(LayerId.Parse), false, null, TestContext.Current.CancellationToken);

    private string[] Names(string directory) =>
        [.. Directory.GetFileSystemEntries(Path.Combine(_fixture.State, directory)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static long Usage(string directory)
    {
        using var du = Process.Start(new ProcessStartInfo("du", ["-s", "--block-size=1", directory]) { RedirectStandardOutput = true })!;
        var bytes = long.Parse(du.StandardOutput.ReadToEnd().Split('\t')[0], CultureInfo.InvariantCulture);
        du.WaitForExit();
        return bytes;
    }
}
