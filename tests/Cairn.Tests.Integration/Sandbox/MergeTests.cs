using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Three-way merge of a run's layers into the repository.</summary>
public sealed class MergeTests : IDisposable
{
    private readonly SandboxFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private string Read(string path) => File.ReadAllText(_fixture.In(path));

    private async Task<LayerId> Layer(string script, string id = "l1", string? top = null)
    {
        await using var w = _fixture.Open("r1", top);
        var result = await Shell(w, script);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.NotNull(w.Freeze(LayerId.Parse(id)));
        return LayerId.Parse(id);
    }

    private MergePlan Plan(LayerId top) => _fixture.Store.PlanMerge(_fixture.Repository, top);

    private void Merge(LayerId top)
    {
        var plan = Plan(top);
        Assert.Empty(plan.Conflicts);
        _fixture.Store.ApplyMerge(plan);
    }

    private async Task<IReadOnlyList<ManifestEntry>> RepositoryManifest()
    {
        await using var w = _fixture.Open("reader");
        return w.Manifest();
    }

    [Fact]
    public async Task A_clean_merge_makes_the_repository_equal_to_the_stack()
    {
        await Layer("echo two > readme.txt; mkdir -p x/y; echo n > x/y/n; chmod 755 x/y/n; rm src/a.cs; mkdir hollow");
        var top = await Layer("ln -sfn readme.txt inside; rm -r src; echo now-a-file > src; rmdir empty; rm run.sh; mkdir run.sh; echo f > run.sh/f; chmod 700 hollow", "l2", "l1");
        IReadOnlyList<ManifestEntry> expected;
        await using (var w = _fixture.Open("r2", "l2"))
        {
            expected = w.Manifest();
        }

        Merge(top);
        Assert.Equal(expected, await RepositoryManifest());
        Assert.Empty(Plan(top).Changes);
        Assert.Equal(["config", "hooks"], Directory.GetFileSystemEntries(_fixture.In(".git")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_persons_own_edits_elsewhere_are_kept()
    {
        var top = await Layer("echo two > readme.txt; rm -r src/deep");
        File.WriteAllText(_fixture.In("mine.txt"), "mine");
        File.WriteAllText(_fixture.In("src/a.cs"), "mine too\n");
        File.WriteAllText(_fixture.In("src/deep/new.cs"), "new");
        Merge(top);
        Assert.Equal(("two\n", "mine", "mine too\n", "new"), (Read("readme.txt"), Read("mine.txt"), Read("src/a.cs"), Read("src/deep/new.cs")));
        Assert.False(File.Exists(_fixture.In("src/deep/b.cs")));
    }

    [Fact]
    public async Task Edits_of_different_lines_of_one_file_are_merged()
    {
        File.WriteAllText(_fixture.In("lines.txt"), "1\r\n2\n3\n4\n5\n6\n7");
        var top = await Layer("sed -i 's/^2/two/; s/^7/seven/' lines.txt; chmod 600 lines.txt");
        File.WriteAllText(_fixture.In("lines.txt"), "1\r\n2\n3\n4\nfive\n5\n6\n7");
        Merge(top);
        Assert.Equal("1\r\ntwo\n3\n4\nfive\n5\n6\nseven", Read("lines.txt"));
        Assert.Equal(["-rw-------"], [Mode("lines.txt")]);
    }

    private string Mode(string path)
    {
        using var process = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%A", _fixture.In(path)]) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd().Trim();
    }

    [Fact]
    public async Task The_same_change_on_both_sides_is_nothing_to_do()
    {
        var top = await Layer("echo same > readme.txt; rm src/a.cs; echo x > added");
        File.WriteAllText(_fixture.In("readme.txt"), "same\n");
        File.WriteAllText(_fixture.In("added"), "x\n");
        File.Delete(_fixture.In("src/a.cs"));
        OnHost("chmod", "644", _fixture.In("added"));
        Assert.Empty(Plan(top).Changes);
        Assert.Empty(Plan(top).Conflicts);
    }

    [Theory]
    [InlineData("echo theirs > readme.txt", "echo ours > readme.txt", "readme.txt")]
    [InlineData("rm readme.txt", "echo ours > readme.txt", "readme.txt")]
    [InlineData("echo theirs > readme.txt", "rm readme.txt", "readme.txt")]
    [InlineData("echo theirs > new", "echo ours > new", "new")]
    [InlineData("mkdir new; echo x > new/x", "echo ours > new", "new")]
    [InlineData("rm -r src; echo theirs > src", "echo ours > src/mine", "src")]
    [InlineData("chmod 600 readme.txt", "chmod 640 readme.txt", "readme.txt")]
    [InlineData("ln -sfn readme.txt inside", "ln -sfn run.sh inside", "inside")]
    [InlineData("echo x > src/new", "rm -r src; ln -s /tmp src", "src/new")]
    public async Task Clashes_are_conflicts_and_nothing_is_applied(string theirs, string ours, string path)
    {
        var top = await Layer(theirs);
        OnHost("sh", "-c", $"cd '{_fixture.Repository}'; {ours}");
        var before = await RepositoryManifest();
        var plan = Plan(top);
        Assert.Contains(path, plan.Conflicts.Select(c => c.Path));
        Assert.Throws<WorkspaceException>(() => _fixture.Store.ApplyMerge(plan));
        Assert.Equal(before, await RepositoryManifest());
    }

    [Fact]
    public async Task A_parent_that_became_a_link_out_of_the_tree_is_not_written_through()
    {
        var outside = Directory.CreateTempSubdirectory("cairn-out-").FullName;
        try
        {
            var top = await Layer("echo x > src/new");
            var plan = Plan(top);
            Directory.Delete(_fixture.In("src"), true);
            Directory.CreateSymbolicLink(_fixture.In("src"), outside);
            Assert.Throws<WorkspaceException>(() => _fixture.Store.ApplyMerge(plan));
            Assert.Empty(Directory.GetFileSystemEntries(outside));
        }
        finally
        {
            Directory.Delete(outside, true);
        }
    }

    [Fact]
    public async Task A_repository_that_moved_on_since_the_plan_is_refused_whole()
    {
        var top = await Layer("echo two > readme.txt; echo n > a-new-file");
        var plan = Plan(top);
        File.WriteAllText(_fixture.In("readme.txt"), "person\n");
        var refusal = Assert.Throws<WorkspaceException>(() => _fixture.Store.ApplyMerge(plan));
        Assert.Equal(FileProblem.Changed, refusal.Problem);
        Assert.Contains("readme.txt", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("person\n", Read("readme.txt"));
        Assert.False(File.Exists(_fixture.In("a-new-file")));
    }

    [Fact]
    public async Task A_person_who_writes_in_the_middle_of_a_merge_loses_nothing_and_the_rest_is_undone()
    {
        var top = await Layer("echo n > a-first; echo two > readme.txt; rm run.sh; chmod 700 src; rm -r src/deep");
        var plan = Plan(top);
        _fixture.Store.MergeFault = step =>
        {
            if (step == 1)
            {
                File.WriteAllText(_fixture.In("run.sh"), "person's own text\n");
            }
        };
        var before = await RepositoryManifest();
        Assert.Equal(FileProblem.Changed, Assert.Throws<WorkspaceException>(() => _fixture.Store.ApplyMerge(plan)).Problem);
        Assert.Equal("person's own text\n", Read("run.sh"));
        Assert.Equal(before.Where(e => e.Path != "run.sh"), (await RepositoryManifest()).Where(e => e.Path != "run.sh"));
    }

    [Fact]
    public async Task A_kill_between_any_two_steps_is_finished_by_the_second_call()
    {
        const string Work = "echo two > readme.txt; rm -r src; echo file > src; rm run.sh; mkdir run.sh; echo f > run.sh/f; ln -sfn x inside; mkdir -p p/q; echo q > p/q/r; rmdir empty; chmod 600 p/q/r";
        for (var kill = 0; ; kill++)
        {
            using var fixture = new SandboxFixture();
            IReadOnlyList<ManifestEntry> expected;
            await using (var w = fixture.Open())
            {
                await Shell(w, Work);
                w.Freeze(LayerId.Parse("l1"));
                expected = w.Manifest();
            }

            var plan = fixture.Store.PlanMerge(fixture.Repository, LayerId.Parse("l1"));
            fixture.Store.MergeFault = step => _ = step == kill ? throw new TimeoutException("killed") : 0;
            try
            {
                fixture.Store.ApplyMerge(plan);
                Assert.True(kill > 8);
                return;
            }
            catch (TimeoutException)
            {
                // As after kill -9: no clean-up ran.
            }

            fixture.Restart();
            fixture.Store.ApplyMerge(plan);
            fixture.Store.ApplyMerge(plan);
            await using var reader = fixture.Open("reader");
            Assert.Equal(expected, reader.Manifest());
            Assert.False(Directory.Exists(fixture.In(".git/cairn-merge-l1")));
        }
    }

    [Fact]
    public async Task What_is_never_merged_is_named()
    {
        Directory.Delete(_fixture.In(".git"), true);
        var top = await Layer("mkdir .git; echo x > .git/config; mkfifo pipe; echo n > n");
        var plan = Plan(top);
        Assert.Equal(["n"], plan.Changes.Select(c => c.Path));
        Assert.Equal([".git", "pipe"], plan.LeftOut.Select(l => l.Split(':')[0]));
    }

    [Fact]
    public async Task A_set_uid_bit_from_the_sandbox_is_not_merged()
    {
        var top = await Layer("echo x > tool; chmod 6755 tool");
        Merge(top);
        Assert.Equal("-rwxr-xr-x", Mode("tool"));
        Assert.StartsWith("tool: its new set-uid", Assert.Single(Plan(top).LeftOut), StringComparison.Ordinal);
        Assert.Empty(Plan(top).Changes);
    }

    [Fact]
    public async Task A_read_only_repository_is_refused_with_nothing_changed()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting needs root.");
        var top = await Layer("echo two > readme.txt");
        var plan = Plan(top);
        OnHost("mount", "--bind", _fixture.Repository, _fixture.Repository);
        OnHost("mount", "-o", "remount,bind,ro", _fixture.Repository);
        try
        {
            var refusal = Assert.Throws<WorkspaceException>(() => _fixture.Store.ApplyMerge(plan));
            Assert.Equal(FileProblem.Io, refusal.Problem);
            Assert.Contains("ead-only", refusal.Message, StringComparison.Ordinal);
        }
        finally
        {
            OnHost("umount", _fixture.Repository);
        }

        Assert.Equal("hello\n", Read("readme.txt"));
        _fixture.Store.ApplyMerge(plan);
        Assert.Equal("two\n", Read("readme.txt"));
    }

    [Fact]
    public async Task A_full_disk_is_refused_with_nothing_changed()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting needs root.");
        var top = await Layer("head -c 3000000 /dev/urandom > big; echo two > readme.txt");
        var saved = Directory.CreateTempSubdirectory("cairn-saved-").FullName;
        OnHost("cp", "-a", _fixture.Repository + "/.", saved);
        OnHost("mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", _fixture.Repository);
        try
        {
            OnHost("cp", "-a", saved + "/.", _fixture.Repository);
            var plan = Plan(top);
            var before = await RepositoryManifest();
            Assert.Equal(FileProblem.Io, Assert.Throws<WorkspaceException>(() => _fixture.Store.ApplyMerge(plan)).Problem);
            Assert.Equal(before, await RepositoryManifest());
            Assert.Equal("hello\n", Read("readme.txt"));
        }
        finally
        {
            OnHost("umount", _fixture.Repository);
            OnHost("rm", "-rf", saved);
        }
    }
}
