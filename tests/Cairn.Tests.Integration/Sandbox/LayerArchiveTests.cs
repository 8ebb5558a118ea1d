using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cairn.Sandbox;
using Cairn.Sandbox.Layers;
using Cairn.Storage;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Frozen layers in the body store: a copy of the store alone gives every one of them back.</summary>
public sealed class LayerArchiveTests : IDisposable
{
    private const string StateVariable = "CAIRN_TEST_STATE";
    private const string RepositoryVariable = "CAIRN_TEST_REPOSITORY";
    private const string AfterVariable = "CAIRN_TEST_AFTER";

    private static readonly string[] Changes =
    [
        "echo two > readme.txt; mkdir -p x/y/z; echo n > x/y/n; chmod 751 x/y/n; chmod 700 x; ln -s nowhere dangling",
        "rm -r src; echo file > src; mv run.sh run2.sh; rmdir empty; mkfifo pipe; touch -d 2001-02-03T04:05:06 readme.txt; chmod 000 x/y/n",
        "rm src; mkdir src; echo again > src/again; ln src/again src/hard; rm readme.txt; mkdir readme.txt; echo R > README.TXT; echo x > $(printf 'n\\377\\nm')",
        "/usr/bin/python3 -c 'import os; os.setxattr(\"src/again\", \"user.note\", bytes(range(256))); os.setxattr(\"x\", \"user.dir\", b\"\")'; head -c 3000000 /dev/urandom > big",
        "printf x | dd of=big bs=1 seek=1500000 conv=notrunc 2>/dev/null; rm -rf x; mkdir x; truncate -s 0 src/again; printf 'a\\0b' > binary",
        "ln -sfn src/again inside; rm -f pipe; chmod 4755 binary; mkdir -p x/deep/er; echo e > x/deep/er/e; rm README.TXT",
    ];

    private readonly SandboxFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private string Copy => _fixture.State + "-copy";

    private StateStore Bodies() => StateStore.Open(new PosixDisk(), _fixture.State, TimeProvider.System, new() { CollectionGrace = TimeSpan.Zero });

    private static LayerStore Layers(StateStore store, int depth = 24) =>
        new(store.Directory, store.Blobs, TimeProvider.System, new() { FlushBodies = store.Flush, SquashDepth = depth, CollectionGrace = TimeSpan.Zero });

    private async Task<List<IReadOnlyList<ManifestEntry>>> Freeze(LayerStore layers)
    {
        var manifests = new List<IReadOnlyList<ManifestEntry>>();
        await using var w = layers.Open(RunId.Parse("r"), _fixture.Repository, null);
        foreach (var (i, change) in Changes.Index())
        {
            Assert.Equal((0, ""), await Shell(w, change) is var r ? (r.ExitCode, r.Error) : default);
            Assert.NotNull(w.Freeze(LayerId.Parse($"r.{i}")));
            manifests.Add(w.Manifest());
        }

        return manifests;
    }

    private async Task<ManifestEntry[]> Manifest(LayerStore layers, string top)
    {
        await using var w = layers.Open(RunId.Parse("look"), _fixture.Repository, LayerId.Parse(top));
        return [.. w.Manifest()];
    }

    [Theory]
    [InlineData(24)]
    [InlineData(2)]
    public async Task A_copy_of_journal_and_bodies_gives_every_layer_back(int depth)
    {
        List<IReadOnlyList<ManifestEntry>> manifests;
        _fixture.Store.Dispose();
        using (var store = Bodies())
        using (var layers = Layers(store, depth))
        {
            manifests = await Freeze(layers);
            layers.Store(TestContext.Current.CancellationToken);
            Assert.Empty(layers.NotStored());
        }

        Directory.CreateDirectory(Copy);
        OnHost("sh", "-c", $"cd '{_fixture.State}' && cp -r journal blobs heads* '{Copy}'");
        using var copy = StateStore.Open(new PosixDisk(), Copy, TimeProvider.System);
        using var there = Layers(copy, depth);
        Assert.Equal(Changes.Length, there.Count);
        for (var i = Changes.Length - 1; i >= 0; i--)
        {
            Assert.Equal(manifests[i], await Manifest(there, $"r.{i}"));
            Assert.All(there.Changes(LayerId.Parse($"r.{i}")).Changes.Where(c => c.Kind == EntryKind.File && !c.After.IsNone), c => Assert.Equal(c.After, BlobHash.Of(there.Content(c.After))));
        }

        // What a view cannot tell: times, owners' names of a pipe, and a run that goes on from there.
        await using var w = there.Open(RunId.Parse("on"), _fixture.Repository, LayerId.Parse("r.1"));
        Assert.Equal("981173106 fifo 0\n", (await Shell(w, "echo $(stat -c %Y readme.txt) $(stat -c %F pipe) $(stat -c %a x/y/n)")).Output);
        w.Write("on", "on"u8, null);
        Assert.NotNull(w.Freeze(LayerId.Parse("on.1")));
        Assert.Equal([LayerId.Parse("on.1")], there.NotStored());
    }

    [Fact]
    public async Task A_large_file_that_changed_in_one_place_is_stored_once()
    {
        _fixture.Store.Dispose();
        using var store = Bodies();
        using var layers = Layers(store);
        await using var w = layers.Open(RunId.Parse("r"), _fixture.Repository, null);
        Assert.Equal("", (await Shell(w, "head -c 40000000 /dev/urandom > big")).Error);
        w.Freeze(LayerId.Parse("r.1"));
        layers.Store(TestContext.Current.CancellationToken);
        var once = Usage("blobs") + Usage("journal");
        for (var i = 2; i < 6; i++)
        {
            Assert.Equal("", (await Shell(w, $"(head -c {i}000000 big; echo inserted; tail -c +{i}000001 big) > big2; mv big2 big")).Error);
            w.Freeze(LayerId.Parse($"r.{i}"));
            layers.Store(TestContext.Current.CancellationToken);
        }

        Assert.InRange(once, 40_000_000, 44_000_000);
        Assert.InRange(Usage("blobs") + Usage("journal") - once, 1, 12_000_000);
    }

    [Fact]
    public async Task A_stored_layer_keeps_its_bodies_in_a_collection_and_loses_them_with_its_end()
    {
        _fixture.Store.Dispose();
        using var store = Bodies();
        using var layers = Layers(store);
        var manifests = await Freeze(layers);
        layers.Store(TestContext.Current.CancellationToken);
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "layers"), Path.Combine(_fixture.State, "squash"));
        Directory.CreateDirectory(Path.Combine(_fixture.State, "layers"));
        Directory.CreateDirectory(Path.Combine(_fixture.State, "squash"));
        Collect(store, layers, "r.3");
        Assert.Equal(manifests[3], await Manifest(layers, "r.3"));
        Assert.Equal(4, layers.Count);
        Assert.Throws<WorkspaceException>(() => layers.Changes(LayerId.Parse("r.4")));
        Collect(store, layers);
        Assert.Equal(0, layers.Count);
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(_fixture.State, "blobs"), "*", SearchOption.AllDirectories), f => Path.GetFileName(f).Length == 64);
    }

    private static void Collect(StateStore store, LayerStore layers, params string[] reachable)
    {
        using var collection = store.BeginCollection();
        var kept = layers.Collect(() => reachable.Select(LayerId.Parse), false, null, TestContext.Current.CancellationToken).Kept;
        collection.Reclaim(kept.SelectMany(layers.Contents).ToHashSet(), false, null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_a_crash_tore_off_the_list_of_layers_never_counted_and_damage_in_it_is_named()
    {
        _fixture.Store.Dispose();
        using var store = Bodies();
        var list = Path.Combine(_fixture.State, "blobs", "layers");
        using (var layers = Layers(store))
        {
            await Freeze(layers);
            layers.Store(TestContext.Current.CancellationToken);
        }

        var whole = File.ReadAllText(list);
        for (var length = whole.Length - 1; length > 0; length -= 37)
        {
            File.WriteAllText(list, whole[..length]);
            using var torn = Layers(store);
            Assert.Equal(Changes.Length, torn.NotStored().Count);
        }

        using (var again = Layers(store))
        {
            again.Store(TestContext.Current.CancellationToken);
            Assert.Equal(whole, File.ReadAllText(list));
        }

        File.WriteAllText(list, whole.Replace("r.1 ", "r.7 ", StringComparison.Ordinal) + whole);
        using var damaged = Layers(store);
        Assert.Contains("blobs/layers", Assert.Throws<WorkspaceException>(() => damaged.NotStored()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_layer_that_is_made_anew_is_not_the_stored_one()
    {
        _fixture.Store.Dispose();
        using var store = Bodies();
        using var layers = Layers(store);
        foreach (var text in (string[])["first", "second"])
        {
            await using var w = layers.Open(RunId.Parse("r"), _fixture.Repository, null);
            w.Write("f", Encoding.UTF8.GetBytes(text), null);
            w.Freeze(LayerId.Parse("r.1"));
            Assert.Equal([LayerId.Parse("r.1")], layers.NotStored());
            layers.Store(TestContext.Current.CancellationToken);
            OnHost("rm", "-rf", Path.Combine(_fixture.State, "layers/r.1"));
            Assert.Contains(await Manifest(layers, "r.1"), e => e.Content == BlobHash.OfText(text));
            OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash/r.1"));
        }
    }

    /// <summary>Only ever run by the test below, in a process of its own.</summary>
    [Fact(Explicit = true)]
    public async Task Inner_freezes_and_stores_until_it_is_killed()
    {
        var after = TimeSpan.FromMicroseconds(int.Parse(Environment.GetEnvironmentVariable(AfterVariable)!, CultureInfo.InvariantCulture));
        using var store = StateStore.Open(new PosixDisk(), Environment.GetEnvironmentVariable(StateVariable)!, TimeProvider.System);
        using var layers = new LayerStore(store.Directory, store.Blobs, TimeProvider.System, new() { FlushBodies = store.Flush, StoresBehind = true, SquashDepth = 5 });
        await using var w = layers.Open(RunId.Parse("k"), Environment.GetEnvironmentVariable(RepositoryVariable)!, null);
        for (var i = 0; ; i++)
        {
            w.Write($"k{i}", Encoding.UTF8.GetBytes($"{i}"), null);
            w.Freeze(LayerId.Parse($"k.{i}"));
            if (i == 12)
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
    public async Task A_kill_at_any_moment_leaves_every_layer_whole_in_one_place_at_least()
    {
        var stored = 0;
        for (var round = 0; round < 6; round++)
        {
            _fixture.Store.Dispose();
            OnHost("rm", "-rf", _fixture.State);
            await KillAsync(round * 6_101);
            using var store = Bodies();
            using var layers = Layers(store);
            var names = layers.Files.All().Select(id => int.Parse(id.Value[2..], CultureInfo.InvariantCulture)).Order().ToList();
            Assert.Equal(Enumerable.Range(0, names.Count), names);
            stored += layers.Count - layers.NotStored().Count;
            OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
            Directory.CreateDirectory(Path.Combine(_fixture.State, "squash"));
            var files = (await Manifest(layers, $"k.{names.Count - 1}")).Where(line => line.Path.StartsWith('k'));
            Assert.Equal(names.Select(i => ($"k{i}", BlobHash.OfText($"{i}"))).OrderBy(f => f.Item1, StringComparer.Ordinal), files.Select(line => (line.Path, line.Content)));
        }

        Assert.NotEqual(0, stored);
    }

    private async Task KillAsync(int microseconds)
    {
        var method = $"{typeof(LayerArchiveTests).FullName}.{nameof(Inner_freezes_and_stores_until_it_is_killed)}";
        var info = new ProcessStartInfo(Environment.ProcessPath!, ["-method", method, "-explicit", "only"]) { RedirectStandardOutput = true };
        info.Environment[StateVariable] = _fixture.State;
        info.Environment[RepositoryVariable] = _fixture.Repository;
        info.Environment[AfterVariable] = microseconds.ToString(CultureInfo.InvariantCulture);
        using var inner = Process.Start(info)!;
        await inner.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await inner.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private long Usage(string directory)
    {
        using var du = Process.Start(new ProcessStartInfo("du", ["-s", "--block-size=1", "--apparent-size", Path.Combine(_fixture.State, directory)]) { RedirectStandardOutput = true })!;
        var bytes = long.Parse(du.StandardOutput.ReadToEnd().Split('\t')[0], CultureInfo.InvariantCulture);
        du.WaitForExit();
        return bytes;
    }
}
