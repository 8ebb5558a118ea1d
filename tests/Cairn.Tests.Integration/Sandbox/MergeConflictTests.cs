using System.Collections.Immutable;
using System.Text;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Conflicts are objects: what clashes is named with its three sides, and a decision about it is carried out or refused, never half.</summary>
public sealed class MergeConflictTests : IDisposable
{
    private const string Ten = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";
    private readonly SandboxFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private string Read(string path) => File.ReadAllText(_fixture.In(path));

    private async Task<LayerId> Layer(string script)
    {
        await using var w = _fixture.Open("r1");
        var result = await Shell(w, script);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.NotNull(w.Freeze(LayerId.Parse("l1")));
        return LayerId.Parse("l1");
    }

    private void InRepository(string script) => OnHost("sh", "-c", $"cd '{_fixture.Repository}'; {script}");

    private MergePlan Plan(LayerId top, params ConflictResolution[] resolutions) => _fixture.Store.PlanMerge(_fixture.Repository, top, [.. resolutions]);

    private async Task<IReadOnlyList<ManifestEntry>> Repository()
    {
        await using var w = _fixture.Open("reader");
        return w.Manifest();
    }

    private async Task<IReadOnlyList<ManifestEntry>> RunsView()
    {
        await using var w = _fixture.Open("viewer", "l1");
        return w.Manifest();
    }

    private async Task<MergeConflict> Clash(string theirs, string ours, ConflictKind kind, string path)
    {
        var top = await Layer(theirs);
        InRepository(ours);
        var conflict = Assert.Single(Plan(top).Conflicts, c => c.Path == path);
        Assert.Equal(kind, conflict.Kind);
        return conflict;
    }

    private void Settle(MergeConflict conflict, ConflictChoice choice, BlobHash? content = null)
    {
        var plan = Plan(LayerId.Parse("l1"), new ConflictResolution(conflict, choice, content));
        Assert.Empty(plan.Conflicts);
        _fixture.Store.ApplyMerge(plan);
        Assert.Empty(Directory.GetFileSystemEntries(_fixture.In(".git"), "cairn*"));
    }

    [Theory]
    [InlineData("echo theirs > readme.txt", "echo ours > readme.txt", "readme.txt", ConflictKind.Content)]
    [InlineData("rm readme.txt", "echo ours > readme.txt", "readme.txt", ConflictKind.DeletedInRun)]
    [InlineData("echo theirs > readme.txt", "rm readme.txt", "readme.txt", ConflictKind.DeletedInRepository)]
    [InlineData("echo theirs > new", "echo ours > new", "new", ConflictKind.AddedByBoth)]
    [InlineData("mkdir new; echo x > new/x; mkdir -p new/y/z", "echo ours > new", "new", ConflictKind.KindChanged)]
    [InlineData("echo theirs > new", "mkdir new; echo ours > new/x", "new", ConflictKind.KindChanged)]
    [InlineData("rm -r src; echo theirs > src", "echo ours > src/mine; mkdir src/more; echo m > src/more/m", "src", ConflictKind.KindChanged)]
    [InlineData("rm readme.txt; mkdir readme.txt; echo x > readme.txt/x", "rm readme.txt; ln -s run.sh readme.txt", "readme.txt", ConflictKind.KindChanged)]
    [InlineData("rm readme.txt; mkdir readme.txt; echo x > readme.txt/x", "rm readme.txt", "readme.txt", ConflictKind.DeletedInRepository)]
    [InlineData("chmod 600 readme.txt", "chmod 640 readme.txt", "readme.txt", ConflictKind.Mode)]
    [InlineData("ln -sfn readme.txt inside", "ln -sfn run.sh inside", "inside", ConflictKind.Content)]
    public async Task Each_kind_of_clash_is_one_conflict_that_each_side_can_win(string theirs, string ours, string path, ConflictKind kind)
    {
        var conflict = await Clash(theirs, ours, kind, path);
        Assert.Single(Plan(LayerId.Parse("l1")).Conflicts);
        var repository = await Repository();
        var here = repository.Where(e => IsAt(e.Path, path)).ToList();
        var there = (await RunsView()).Where(e => IsAt(e.Path, path) && !(theirs.StartsWith("rm -r src", StringComparison.Ordinal) && e.Path != path)).ToList();
        Settle(conflict, ConflictChoice.Repository);
        Assert.Equal(here, (await Repository()).Where(e => IsAt(e.Path, path)));
        Assert.Equal(repository.Where(e => !IsAt(e.Path, path)), (await Repository()).Where(e => !IsAt(e.Path, path)));

        // The decision of somebody else: the run's side, from the same place.
        Settle(conflict, ConflictChoice.Run);
        Assert.Equal(there, (await Repository()).Where(e => IsAt(e.Path, path)));
        Assert.Equal(repository.Where(e => !IsAt(e.Path, path)), (await Repository()).Where(e => !IsAt(e.Path, path)));
    }

    private static bool IsAt(string path, string at) => path == at || path.StartsWith(at + "/", StringComparison.Ordinal);

    [Fact]
    public async Task The_three_sides_carry_kind_mode_and_content_and_the_text_has_markers()
    {
        File.WriteAllText(_fixture.In("ten"), Ten);
        var conflict = await Clash("sed -i 's/^2$/zwei/; s/^9$/neun/' ten; chmod 700 ten", "sed -i 's/^2$/two/' ten", ConflictKind.Content, "ten");
        Assert.Equal((EntryKind.File, BlobHash.OfText(Ten)), (conflict.Origin!.Kind, conflict.Origin.Content));
        Assert.Equal(BlobHash.OfText(Ten.Replace("2\n", "two\n", StringComparison.Ordinal)), conflict.Repository!.Content);
        Assert.Equal(0x1C0, conflict.Run!.Mode);
        foreach (var side in (ConflictSide[])[conflict.Origin, conflict.Repository, conflict.Run])
        {
            Assert.Equal(side.Content, BlobHash.Of(_fixture.Store.Content(side.Content)));
        }

        var text = _fixture.Store.TextOf(conflict)!;
        Assert.Equal("1\n<<<<<<< repository\ntwo\n||||||| base\n2\n=======\nzwei\n>>>>>>> run\n3\n4\n5\n6\n7\n8\nneun\n10\n", text.Marked);
        Assert.Equal(new ConflictHunk(2, "2\n", "two\n", "zwei\n"), Assert.Single(text.Hunks));

        // The repository moves on: what clashed is still to be seen.
        File.WriteAllText(_fixture.In("ten"), "gone");
        Assert.Equal(text.Marked, _fixture.Store.TextOf(conflict)!.Marked);
    }

    [Theory]
    [InlineData(ConflictChoice.Base, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n")]
    [InlineData(ConflictChoice.Union, "1\ntwo\nzwei\n3\n4\n5\n6\n7\n8\nneun\n10\n")]
    [InlineData(ConflictChoice.Given, "what a person wrote\n")]
    public async Task Base_union_and_a_given_content_settle_a_clash_of_texts(ConflictChoice choice, string expected)
    {
        File.WriteAllText(_fixture.In("ten"), Ten);
        var conflict = await Clash("sed -i 's/^2$/zwei/; s/^9$/neun/' ten", "sed -i 's/^2$/two/' ten", ConflictKind.Content, "ten");
        Settle(conflict, choice, choice == ConflictChoice.Given ? _fixture.Blobs.Put(Encoding.UTF8.GetBytes(expected)) : null);
        Assert.Equal(expected, Read("ten"));
    }

    [Fact]
    public async Task A_file_that_both_added_can_be_put_together()
    {
        var conflict = await Clash("printf 'a\\nx\\nb\\n' > new", "printf 'a\\ny\\nb\\n' > new", ConflictKind.AddedByBoth, "new");
        Assert.Equal("a\n<<<<<<< repository\ny\n||||||| base\n=======\nx\n>>>>>>> run\nb\n", _fixture.Store.TextOf(conflict)!.Marked);
        Settle(conflict, ConflictChoice.Union);
        Assert.Equal("a\ny\nx\nb\n", Read("new"));
    }

    [Fact]
    public async Task A_decision_does_not_hold_for_another_version_of_either_side()
    {
        var conflict = await Clash("echo theirs > readme.txt", "echo ours > readme.txt", ConflictKind.Content, "readme.txt");
        File.WriteAllText(_fixture.In("readme.txt"), "newer\n");
        var plan = Plan(LayerId.Parse("l1"), new ConflictResolution(conflict, ConflictChoice.Run));
        Assert.Equal("newer\n", Encoding.UTF8.GetString(_fixture.Store.Content(Assert.Single(plan.Conflicts).Ours)));
        Assert.Throws<WorkspaceException>(() => _fixture.Store.ApplyMerge(plan));
        Assert.Equal("newer\n", Read("readme.txt"));
    }

    [Fact]
    public async Task What_somebody_adds_to_a_directory_that_was_to_go_asks_again()
    {
        var conflict = await Clash("rm -r src; echo theirs > src", "echo ours > src/mine", ConflictKind.KindChanged, "src");
        File.WriteAllText(_fixture.In("src/later"), "later");
        Assert.Single(Plan(LayerId.Parse("l1"), new ConflictResolution(conflict, ConflictChoice.Run)).Conflicts);
        Assert.Equal("later", Read("src/later"));
    }

    [Theory]
    [InlineData("rm readme.txt", "echo ours > readme.txt", ConflictKind.DeletedInRun, "readme.txt", ConflictChoice.Union)]
    [InlineData("printf 'a\\0b' > readme.txt", "echo ours > readme.txt", ConflictKind.Content, "readme.txt", ConflictChoice.Union)]
    [InlineData("echo x > src/new", "rm -r src; ln -s /tmp src", ConflictKind.Blocked, "src/new", ConflictChoice.Run)]
    [InlineData("chmod 700 src; rm -r src; echo f > src", "rm -r src; ln -s /tmp src", ConflictKind.KindChanged, "src", ConflictChoice.Base)]
    public async Task A_decision_that_cannot_be_carried_out_is_refused_with_the_reason(string theirs, string ours, ConflictKind kind, string path, ConflictChoice choice)
    {
        var conflict = await Clash(theirs, ours, kind, path);
        var refused = Assert.Single(Plan(LayerId.Parse("l1"), new ConflictResolution(conflict, choice)).Conflicts, c => c.Path == path);
        Assert.Contains("cannot be resolved that way", refused.Reason, StringComparison.Ordinal);
        Settle(conflict, ConflictChoice.Repository);
    }

    [Fact]
    public async Task A_mode_that_both_changed_leaves_the_merged_text()
    {
        File.WriteAllText(_fixture.In("ten"), Ten);
        OnHost("chmod", "644", _fixture.In("ten"));
        var conflict = await Clash("sed -i 's/^9$/neun/' ten; chmod 700 ten", "sed -i 's/^2$/two/' ten; chmod 640 ten", ConflictKind.Mode, "ten");
        Settle(conflict, ConflictChoice.Run);
        Assert.Equal("1\ntwo\n3\n4\n5\n6\n7\n8\nneun\n10\n", Read("ten"));
        Assert.Equal(0x1C0, Assert.Single(await Repository(), e => e.Path == "ten").Mode);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Two_agents_on_one_file_merge_what_is_apart_and_clash_where_they_meet(bool firstByShell, bool secondByShell)
    {
        File.WriteAllText(_fixture.In("ten"), Ten);
        await Edit("one", firstByShell, "2\n", "two\n");
        await Edit("two", secondByShell, "9\n", "nine\n");
        await Edit("three", secondByShell, "2\n", "zwei\n");
        foreach (var run in (string[])["one", "two"])
        {
            var plan = Plan(LayerId.Parse(run));
            Assert.Empty(plan.Conflicts);
            _fixture.Store.ApplyMerge(plan);
        }

        Assert.Equal("1\ntwo\n3\n4\n5\n6\n7\n8\nnine\n10\n", Read("ten"));
        var conflict = Assert.Single(Plan(LayerId.Parse("three")).Conflicts);
        Assert.Equal(new ConflictHunk(2, "2\n", "two\n", "zwei\n"), Assert.Single(_fixture.Store.TextOf(conflict)!.Hunks));
        Assert.Equal("1\ntwo\n3\n4\n5\n6\n7\n8\nnine\n10\n", Read("ten"));
    }

    private async Task Edit(string run, bool byShell, string from, string to)
    {
        await using var w = _fixture.Open(run);
        if (byShell)
        {
            Assert.Equal("", (await Shell(w, $"sed -i 's/^{from.Trim()}$/{to.Trim()}/' ten")).Error);
        }
        else
        {
            var file = w.Read("ten", 1000);
            w.Write("ten", Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(file.Content.Span).Replace(from, to, StringComparison.Ordinal)), file.Version);
        }

        Assert.NotNull(w.Freeze(LayerId.Parse(run)));
    }

    [Fact]
    public async Task A_text_that_is_made_to_be_hard_is_planned_in_time()
    {
        const int Lines = 200_000;
        var random = new Random(5);
        string Hard() => string.Concat(Enumerable.Range(0, Lines).Select(_ => $"{random.Next(40)}\n"));
        File.WriteAllText(_fixture.In("hard"), Hard());
        await using (var w = _fixture.Open("r1"))
        {
            w.Write("hard", Encoding.UTF8.GetBytes(Hard()), w.Read("hard", 10_000_000).Version);
            w.Freeze(LayerId.Parse("l1"));
        }

        File.WriteAllText(_fixture.In("hard"), Hard());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Assert.Single((await Task.Run(() => Plan(LayerId.Parse("l1")), limit.Token).WaitAsync(limit.Token)).Conflicts);
    }
}
