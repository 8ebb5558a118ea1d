using Cairn.Sandbox;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Stacks: rollback, forks, crashes, depth.</summary>
public sealed class LayerStoreTests : IDisposable
{
    private readonly SandboxFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Rollback_undoes_what_commands_did_to_the_last_bit()
    {
        var manifests = new Dictionary<string, IReadOnlyList<ManifestEntry>>();
        string[] steps =
        [
            "mkdir -p d/e; echo 1 > d/e/f; ln -s d l; chmod 750 d",
            "rm -r d; mkdir d; echo 2 > d/other; chmod 4755 run.sh; rm l; mkdir l",
            "rm -r src empty; mv readme.txt src; touch 'odd\nname'; head -c 9000000 /dev/urandom > big",
            "rm big; mkdir -p src2/deep; mv d src2/d; rmdir l; echo again > l; chmod 000 run.sh",
            "rm -rf ./*; mkdir -p src/deep; echo z > src/deep/z",
        ];
        await using (var w = _fixture.Open())
        {
            manifests[""] = w.Manifest();
            for (var i = 0; i < steps.Length; i++)
            {
                Assert.Equal("", (await Shell(w, steps[i])).Error);
                Assert.NotNull(w.Freeze(LayerId.Parse($"l{i}")));
                manifests[$"l{i}"] = w.Manifest();
            }
        }

        _fixture.Restart();
        foreach (var (layer, expected) in manifests)
        {
            await using var back = _fixture.Open("r1", layer.Length == 0 ? null : layer);
            Assert.Equal(expected, back.Manifest());
            // The kernel's own merge must agree with ours.
            var listed = await Shell(back, "find . -mindepth 1 -path ./.git -prune -o -print0 | sort -z", readOnly: true);
            Assert.Equal(expected.Select(e => "./" + e.Path).Order(StringComparer.Ordinal), listed.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".").Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Net_changes_fold_the_stack_and_leave_out_what_was_undone()
    {
        await using var w = _fixture.Open();
        await Shell(w, "echo 2 > readme.txt; echo t > temporary; rm src/a.cs");
        w.Freeze(LayerId.Parse("l1"));
        await Shell(w, "echo hello > readme.txt; rm temporary; echo a > src/a.cs; echo n > new; chmod 644 src/a.cs");
        w.Freeze(LayerId.Parse("l2"));
        Assert.Equal(["new"], _fixture.Store.NetChanges(w.Top, null).Select(c => c.Path));
        Assert.Equal(["new", "readme.txt", "src/a.cs", "temporary"], _fixture.Store.NetChanges(w.Top, LayerId.Parse("l1")).Select(c => c.Path));
        Assert.Equal(w.Top, _fixture.Store.Changes(LayerId.Parse("l2")).Layer);
        Assert.Throws<WorkspaceException>(() => _fixture.Store.NetChanges(LayerId.Parse("l1"), LayerId.Parse("l2")));
    }

    [Fact]
    public async Task A_stack_of_a_hundred_layers_is_squashed_and_stays_the_same()
    {
        IReadOnlyList<ManifestEntry> expected;
        await using (var w = _fixture.Open())
        {
            for (var i = 0; i < 100; i++)
            {
                // Files come, change and go; a directory is made anew over a deleted one again and again.
                if (i % 10 == 5)
                {
                    Assert.Equal("", (await Shell(w, "rm -rf src; mkdir src; echo $$ > src/again; rm -f f3")).Error);
                }

                w.Write($"f{i % 7}", System.Text.Encoding.UTF8.GetBytes($"{i}"), w.Stat($"f{i % 7}") is null ? null : w.Read($"f{i % 7}", 100).Version);
                Assert.NotNull(w.Freeze(LayerId.Parse($"n{i}")));
            }

            expected = w.Manifest();
        }

        Assert.NotEmpty(Directory.GetDirectories(Path.Combine(_fixture.State, "squash")));
        _fixture.Restart();
        await using (var again = _fixture.Open("r2", "n99"))
        {
            Assert.Equal(expected, again.Manifest());
            Assert.Equal("99", (await Shell(again, "cat f1; test ! -e src/a.cs")).Output);
        }

        // Squashed trees are derived: without them, and with one that a crash left half made, all is as before.
        OnHost("rm", "-rf", Path.Combine(_fixture.State, "squash"));
        Directory.CreateDirectory(Path.Combine(_fixture.State, "squash/+n99/half"));
        _fixture.Restart();
        await using var remade = _fixture.Open("r3", "n99");
        Assert.Equal(expected, remade.Manifest());
        await using var older = _fixture.Open("r4", "n4");
        Assert.Equal("b\n", System.Text.Encoding.UTF8.GetString(older.Read("src/deep/b.cs", 100).Content.Span));
        Assert.Equal("b\n", (await Shell(older, "cat src/deep/b.cs")).Output);
    }

    [Fact]
    public async Task Left_overs_of_a_crash_are_dropped()
    {
        await using (var w = _fixture.Open())
        {
            await Shell(w, "echo two > readme.txt");
            w.Freeze(LayerId.Parse("l1"));
        }

        // Killed between moving the tree and writing meta.json, with an open layer and a work directory lying about.
        Directory.CreateDirectory(Path.Combine(_fixture.State, "layers/l2/d/half"));

        // The power failed when the description's name was durable and the tree's was not.
        Directory.CreateDirectory(Path.Combine(_fixture.State, "layers/l3"));
        File.Copy(Path.Combine(_fixture.State, "layers/l1/meta.json"), Path.Combine(_fixture.State, "layers/l3/meta.json"));
        Directory.CreateDirectory(Path.Combine(_fixture.State, "open/r1/d/left"));
        Directory.CreateDirectory(Path.Combine(_fixture.State, "open/r1/w1/work"));
        _fixture.Restart();
        Assert.Throws<WorkspaceException>(() => _fixture.Store.Changes(LayerId.Parse("l2")));
        Assert.Throws<WorkspaceException>(() => _fixture.Store.Changes(LayerId.Parse("l3")));
        Assert.Throws<WorkspaceException>(() => _fixture.Open("r1", "l2"));
        await using var again = _fixture.Open("r1", "l1");
        Assert.Null(again.Stat("left"));
        Assert.Null(again.Freeze(LayerId.Parse("l2")));
        await Shell(again, "echo 3 > three");
        Assert.Equal(["three"], again.Freeze(LayerId.Parse("l2"))!.Changes.Select(c => c.Path));
        Assert.Null(again.Stat("half"));
    }

    [Fact]
    public async Task A_step_that_is_done_again_may_freeze_under_the_same_id_but_not_under_others_feet()
    {
        await using (var lost = _fixture.Open())
        {
            await Shell(lost, "echo first > readme.txt");
            lost.Freeze(LayerId.Parse("l1"));
        }

        await using (var again = _fixture.Open())
        {
            await Shell(again, "echo second > readme.txt");
            again.Freeze(LayerId.Parse("l1"));
            Assert.Equal("second\n", System.Text.Encoding.UTF8.GetString(again.Read("readme.txt", 100).Content.Span));
            await Shell(again, "echo third > readme.txt");
            again.Freeze(LayerId.Parse("l2"));
        }

        await using var third = _fixture.Open();
        await Shell(third, "echo bad > readme.txt");
        Assert.Throws<InvalidOperationException>(() => third.Freeze(LayerId.Parse("l1")));
    }

    [Fact]
    public async Task Names_that_are_no_text_survive_freeze_rollback_and_merge()
    {
        await using (var w = _fixture.Open())
        {
            var result = await w.RunAsync(
                new SandboxCommand(["bash", "-c", "echo raw > $'bad\\xff\\xfename'; mkdir $'d\\x80'; echo in > $'d\\x80/f'; ln -s $'bad\\xff\\xfename' lnk"]),
                TestContext.Current.CancellationToken);
            Assert.Equal("", result.Error);
            w.Freeze(LayerId.Parse("l1"));
        }

        _fixture.Restart();
        await using var again = _fixture.Open("r1", "l1");
        var odd = again.List("").Single(e => e.Path.StartsWith("bad", StringComparison.Ordinal)).Path;
        Assert.Equal("raw\n", System.Text.Encoding.UTF8.GetString(again.Read(odd, 100).Content.Span));
        Assert.Equal("raw\n", System.Text.Encoding.UTF8.GetString(again.Read("lnk", 100).Content.Span));
        _fixture.Store.ApplyMerge(_fixture.Store.PlanMerge(_fixture.Repository, again.Top));
        OnHost("bash", "-c", $"cd '{_fixture.Repository}' && grep -q raw $'bad\\xff\\xfename' && grep -q in $'d\\x80/f'");
        await using var merged = _fixture.Open("r2");
        Assert.Equal(again.Manifest().AsEnumerable(), merged.Manifest());
    }

    [Fact]
    public async Task A_freeze_on_a_full_disk_fails_clearly_and_keeps_the_work()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting needs root.");
        _fixture.Store.Dispose();
        OnHost("mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", _fixture.State);
        try
        {
            using var store = _fixture.NewStore();
            await using var w = store.Open(RunId.Parse("r"), _fixture.Repository, null);
            Assert.Equal("", (await Shell(w, "echo kept > kept")).Error);
            OnHost("sh", "-c", $"head -c 2000000 /dev/zero > '{_fixture.State}/fill' 2>/dev/null || true");
            Assert.Equal(FileProblem.Io, Assert.Throws<WorkspaceException>(() => w.Freeze(LayerId.Parse("l1"))).Problem);
            File.Delete(Path.Combine(_fixture.State, "fill"));
            Assert.Equal(["kept"], w.Freeze(LayerId.Parse("l1"))!.Changes.Select(c => c.Path));
        }
        finally
        {
            OnHost("umount", _fixture.State);
        }
    }

    [Fact]
    public async Task A_large_file_is_read_from_its_layer()
    {
        await using var w = _fixture.Open();
        await Shell(w, "head -c 9000000 /dev/zero > big");
        var after = w.Freeze(LayerId.Parse("l1"))!.Changes.Single().After;
        Assert.Null(_fixture.Blobs.TryGet(after));
        Assert.Equal(9_000_000, _fixture.Store.Content(after).Length);
        Assert.Throws<InvalidDataException>(() => _fixture.Store.Content(BlobHash.OfText("never seen")));
    }

    [Fact]
    public void A_repository_that_cannot_be_used_is_refused_with_a_reason()
    {
        var run = RunId.Parse("r");
        Assert.Equal(FileProblem.NotFound, Refused(_fixture.Repository + "-missing"));
        Assert.Equal(FileProblem.WrongKind, Refused(_fixture.State));
        Assert.Equal(FileProblem.WrongKind, Refused(Path.GetDirectoryName(_fixture.State)!));
        Assert.Equal(FileProblem.Outside, Refused("/"));
        Assert.Equal(FileProblem.Outside, Refused("relative"));
        Assert.Equal(FileProblem.WrongKind, Refused("/usr"));
        Assert.Equal(FileProblem.NotFound, Assert.Throws<WorkspaceException>(() => _fixture.Open("r", "unknown")).Problem);

        FileProblem Refused(string path) => Assert.Throws<WorkspaceException>(() => _fixture.Store.Open(run, path, null)).Problem;
    }

    [Fact]
    public async Task File_tools_refuse_while_a_changing_command_runs_and_a_second_one_waits()
    {
        await using var w = _fixture.Open();
        var ready = new TaskCompletionSource();
        var first = w.RunAsync(
            new SandboxCommand(["sh", "-c", "echo ready; while [ ! -e go ]; do sleep 0.05; done"]) { OnOutput = _ => ready.TrySetResult(), Limits = new() { Wall = TimeSpan.FromSeconds(1) } },
            TestContext.Current.CancellationToken);
        await ready.Task;
        Assert.Throws<InvalidOperationException>(() => w.Write("x", "x"u8, null));
        Assert.Throws<InvalidOperationException>(() => w.Freeze(LayerId.Parse("l1")));
        var second = Shell(w, "echo second");
        Assert.True((await first).TimedOut);
        Assert.Equal("second\n", (await second).Output);
    }
}
