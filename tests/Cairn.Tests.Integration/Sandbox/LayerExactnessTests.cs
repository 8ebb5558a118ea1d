using System.Collections.Immutable;
using System.Text;
using Cairn.Sandbox;
using Cairn.Sandbox.Layers;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>What a run made is what a rollback, a fork, a merge and the way back behind the merge give: every entry, with all that belongs to it.</summary>
public sealed class LayerExactnessTests : IDisposable
{
    private const string Attributes = "/usr/bin/python3 -c 'import os,sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))'";
    private const string NoAttribute = "/usr/bin/python3 -c 'import os,sys; os.removexattr(sys.argv[1], sys.argv[2])'";

    private static readonly string[] Work =
    [
        "echo lower > case; echo upper > CASE; mkdir Dir dir; echo 1 > Dir/f; echo 2 > dir/f; rm CASE; echo again > Case",
        $"echo noted > noted; {Attributes} noted user.note 00ff6e; {Attributes} src user.dir ''; chmod 701 src",
        $"{Attributes} readme.txt user.note 61; {NoAttribute} known user.known; {Attributes} known user.other 62",
        "mv src/deep src/moved; mv run.sh 'with space'; ln -s 'no where' 'li nk'; mkdir -p void/in/void; rmdir empty",
        "touch \"$(printf 'tab\\there')\" \"$(printf 'new\\nline')\" \"$(printf 'raw\\377')\" -- '-dash' '*' \"'quote\"",
        "rm readme.txt; mkdir readme.txt; echo in > readme.txt/in; rm inside; echo file > inside; rm -r src; ln -s void src",
        "head -c 9500000 /dev/zero > big; printf 'a\\0b\\377' > binary; rm -f known; mkdir known; rmdir known; echo back > known",
    ];

    private readonly SandboxFixture _fixture = new(options: new() { SquashDepth = 3, CollectionGrace = TimeSpan.Zero });

    public LayerExactnessTests()
    {
        File.WriteAllText(_fixture.In("known"), "known");
        OnHost("/usr/bin/python3", "-c", "import os,sys; os.setxattr(sys.argv[1], 'user.known', b'old')", _fixture.In("known"));
    }

    public void Dispose() => _fixture.Dispose();

    private async Task<IReadOnlyList<ManifestEntry>> View(string? top, string run = "look")
    {
        await using var w = _fixture.Open(run, top);
        return w.Manifest();
    }

    private async Task<List<IReadOnlyList<ManifestEntry>>> Freeze()
    {
        var manifests = new List<IReadOnlyList<ManifestEntry>>();
        await using var w = _fixture.Open("r");
        foreach (var (i, work) in Work.Index())
        {
            var result = await Shell(w, work);
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            Assert.NotNull(w.Freeze(LayerId.Parse($"r.{i}")));
            manifests.Add(w.Manifest());
        }

        return manifests;
    }

    [Fact]
    public async Task Each_checkpoint_is_given_back_by_rollback_fork_squash_and_store()
    {
        var manifests = await Freeze();
        Assert.Equal(manifests.Count, manifests.Select(m => string.Join('\n', m)).Distinct().Count());
        Assert.Contains(manifests[1], e => e is { Path: "src", Attributes: not null });
        for (var i = 0; i < Work.Length; i++)
        {
            Assert.Equal(manifests[i], await View($"r.{i}"));
        }

        _fixture.Store.Store(TestContext.Current.CancellationToken);
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "layers"), Path.Combine(_fixture.State, "squash"));
        _fixture.Restart();
        foreach (var i in (int[])[4, 6, 0, 2, 1, 5, 3])
        {
            Assert.Equal(manifests[i], await View($"r.{i}", $"fork{i}"));
        }

        await using var w = _fixture.Open("on", "r.6");
        w.Write("noted", "again"u8, w.Read("noted", 100).Version);
        Assert.NotNull(Assert.Single(w.Manifest(), e => e.Path == "noted").Attributes);
    }

    [Fact]
    public async Task A_merge_gives_the_repository_exactly_what_the_run_had_and_the_way_back_exactly_what_it_had_itself()
    {
        var before = await View(null);
        var manifests = await Freeze();
        var top = LayerId.Parse($"r.{Work.Length - 1}");
        var plan = _fixture.Store.PlanMerge(_fixture.Repository, top);
        Assert.Empty(plan.Conflicts);
        _fixture.Store.ApplyMerge(plan);
        Assert.Equal(manifests[^1], await View(null));
        _fixture.Store.ApplyMerge(plan);
        Assert.Empty(_fixture.Store.PlanMerge(_fixture.Repository, top).Changes);

        // Files that are directories now, links that are files: behind the merge each is again what it was.
        var back = await _fixture.Store.TakeBackAsync(
            RunId.Parse("back"), _fixture.Repository, null, LayerId.Parse("back.0u"), plan.Changes, TestContext.Current.CancellationToken);
        Assert.Equal(before, await View(back!.Layer.Value));
        Assert.Equal(manifests[^1], await View(null));

        // And that can be merged in its turn.
        _fixture.Store.ApplyMerge(_fixture.Store.PlanMerge(_fixture.Repository, back.Layer));
        Assert.Equal(before, await View(null));
    }

    [Fact]
    public async Task What_somebody_put_into_a_directory_that_a_merge_made_stays_on_the_way_back()
    {
        await using (var w = _fixture.Open("r"))
        {
            Assert.Equal("", (await Shell(w, "mkdir made; echo m > made/m")).Error);
            w.Freeze(LayerId.Parse("r.0"));
        }

        var plan = _fixture.Store.PlanMerge(_fixture.Repository, LayerId.Parse("r.0"));
        _fixture.Store.ApplyMerge(plan);
        File.WriteAllText(_fixture.In("made/own"), "own");
        var back = await _fixture.Store.TakeBackAsync(
            RunId.Parse("back"), _fixture.Repository, null, LayerId.Parse("back.0u"), plan.Changes, TestContext.Current.CancellationToken);
        Assert.Equal(["made", "made/own"], (await View(back!.Layer.Value)).Where(e => e.Path.StartsWith("made", StringComparison.Ordinal)).Select(e => e.Path));
    }

    [Fact]
    public async Task Attributes_merge_three_ways_and_clash_like_modes()
    {
        static void Set(string path, string name, string value) =>
            OnHost("/usr/bin/python3", "-c", "import os,sys; os.setxattr(sys.argv[1], sys.argv[2], sys.argv[3].encode())", path, name, value);
        await using (var w = _fixture.Open("r"))
        {
            Assert.Equal("", (await Shell(w, $"echo text >> known; {Attributes} src/a.cs user.note 61")).Error);
            w.Freeze(LayerId.Parse("r.0"));
        }

        Set(_fixture.In("known"), "user.known", "mine");
        Set(_fixture.In("src/a.cs"), "user.note", "mine");
        var plan = _fixture.Store.PlanMerge(_fixture.Repository, LayerId.Parse("r.0"));
        var conflict = Assert.Single(plan.Conflicts);
        Assert.Equal(("src/a.cs", ConflictKind.Mode), (conflict.Path, conflict.Kind));
        var mine = Assert.Single(await View(null), e => e.Path == "known").Attributes;
        _fixture.Store.ApplyMerge(_fixture.Store.PlanMerge(_fixture.Repository, LayerId.Parse("r.0"), [new(conflict, ConflictChoice.Run)]));
        Assert.Equal("knowntext\n", File.ReadAllText(_fixture.In("known")));
        Assert.Equal(mine, Assert.Single(await View(null), e => e.Path == "known").Attributes);
        Assert.Equal(
            Assert.Single(await View("r.0"), e => e.Path == "src/a.cs").Attributes, Assert.Single(await View(null), e => e.Path == "src/a.cs").Attributes);
    }

    [Fact]
    public async Task A_capability_of_a_program_never_comes_out_of_a_layer()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Capabilities are root's to give.");
        const string Give = "import os,sys; os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex('0100000200200000000000000000000000000000'))";
        await using (var w = _fixture.Open("r"))
        {
            Assert.Equal("", (await Shell(w, "echo tool > tool; chmod 755 tool")).Error);
            w.Freeze(LayerId.Parse("r.0"));
        }

        OnHost("/usr/bin/python3", "-c", Give, Path.Combine(_fixture.State, "layers/r.0/d/tool"));
        _fixture.Store.ApplyMerge(_fixture.Store.PlanMerge(_fixture.Repository, LayerId.Parse("r.0")));
        AssertNone(_fixture.In("tool"));
        _fixture.Store.Store(TestContext.Current.CancellationToken);
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "layers/r.0"));
        await View("r.0");
        AssertNone(Path.Combine(_fixture.State, "squash/r.0/tool"));

        static void AssertNone(string path) => OnHost("/usr/bin/python3", "-c", "import os,sys; sys.exit('security.capability' in os.listxattr(sys.argv[1]))", path);
    }
}
