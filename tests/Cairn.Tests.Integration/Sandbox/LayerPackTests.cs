using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cairn.Sandbox;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Of old layers of a deep stack only the body store holds the files; nobody but the disk notices.</summary>
public sealed class LayerPackTests : IDisposable
{
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

        Assert.True(_fixture.Store.Files.IsPacked(LayerId.Parse("n10")), "n10 is not packed");
        Assert.False(Directory.Exists(Path.Combine(_fixture.State, "layers/n10")));
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
        await using (var w = _fixture.Open("r"))
        {
            for (var i = 0; i < 20; i++)
            {
                w.Write($"f{i}", [(byte)i], null);
                Assert.NotNull(w.Freeze(LayerId.Parse($"r.{i}")));
                if (i == 9)
                {
                    // An attribute that is never carried: such a layer cannot be packed.
                    OnHost("/usr/bin/python3", "-c", $"import os; os.setxattr('{_fixture.State}/layers/r.9/d/f9', 'trusted.cairn', b'x')");
                }
            }
        }

        Assert.False(_fixture.Store.Files.IsPacked(LayerId.Parse("r.9")));
        Assert.True(_fixture.Store.Files.IsPacked(LayerId.Parse("r.8")) && _fixture.Store.Files.IsPacked(LayerId.Parse("r.10")));
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
        _fixture.Restart();
        Assert.Equal(12, (await Manifest("r.11")).Count(line => line.Path.StartsWith('f')));
    }

    [Fact]
    public async Task The_bodies_of_packed_layers_are_needed_no_longer_than_the_layers()
    {
        await Edit(_fixture.Store, "keep", 20);
        await Edit(_fixture.Store, "drop", 20);
        var manifest = await Manifest("keep.19");
        Assert.True(_fixture.Store.Files.IsPacked(LayerId.Parse("drop.3")));
        var needed = _fixture.Store.Contents(LayerId.Parse("drop.3")).ToHashSet();
        Assert.Equal(20, Collect("keep.19").Layers);
        Assert.DoesNotContain(needed, Enumerable.Range(0, 20).SelectMany(i => _fixture.Store.Contents(LayerId.Parse($"keep.{i}"))).ToHashSet().Contains);
        _fixture.Restart();
        Assert.Equal(manifest, await Manifest("keep.19"));
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
        _fixture.Restart();
        Assert.Equal(manifest, await Manifest("keep.19"));
        Collect();
        Assert.Empty(_fixture.Store.Files.All());
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
        Assert.InRange(Usage(_fixture.State) + _fixture.Blobs.Bytes, 1, 40 * Kilobytes * 1024);
    }

    [Fact]
    public async Task A_damaged_pack_is_named_and_never_read_as_something_else()
    {
        await Edit(_fixture.Store, "r", 12);
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
        var pack = _fixture.Store.Files.Catalog.PackOf(LayerId.Parse("r.3"))!.Value;
        _fixture.Blobs.Damage(pack);
        _fixture.Restart();
        var problem = await Assert.ThrowsAnyAsync<Exception>(() => Manifest("r.11"));
        Assert.True(problem is WorkspaceException or InvalidDataException, problem.ToString());
        Assert.Contains(pack.Value, problem.Message, StringComparison.Ordinal);
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
