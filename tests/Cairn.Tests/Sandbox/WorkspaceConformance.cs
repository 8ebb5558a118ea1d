using System.Text;

namespace Cairn.Tests.Sandbox;

/// <summary>What every <see cref="IWorkspace"/> must do with files. Commands are the real workspace's own tests.</summary>
public abstract class WorkspaceConformance
{
    protected const long Enough = 1 << 20;

    /// <summary>
    /// A workspace over a repository with: `readme.txt` ("hello\n", 0644), `run.sh` (0755), `src/a.cs` ("a\n"),
    /// `src/deep/b.cs` ("b\n"), the links `inside` -> `src/a.cs` and `outside` -> `/etc/passwd`, and the empty directory `empty`.
    /// </summary>
    protected abstract IWorkspace Open(string run, LayerId? top = null);

    /// <summary>True when the implementation knows symbolic links.</summary>
    protected virtual bool HasLinks => true;

    protected static LayerId Layer(string id) => LayerId.Parse(id);

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected static string Text(IWorkspace workspace, string path) => Encoding.UTF8.GetString(workspace.Read(path, Enough).Content.Span);

    protected static BlobHash Put(IWorkspace workspace, string path, string text) =>
        workspace.Write(path, Bytes(text), workspace.Stat(path) is null ? null : workspace.Read(path, Enough).Version);

    protected static FileProblem ProblemOf(Action action) => Assert.Throws<WorkspaceException>(action).Problem;

    [Fact]
    public async Task A_file_reads_as_the_repository_has_it()
    {
        await using var w = Open("r1");
        var file = w.Read("readme.txt", Enough);
        Assert.Equal("hello\n", Encoding.UTF8.GetString(file.Content.Span));
        Assert.Equal(BlobHash.OfText("hello\n"), file.Version);
        Assert.Equal(0x1A4, file.Mode);
    }

    [Fact]
    public async Task What_is_missing_is_null_to_stat_and_NotFound_to_read()
    {
        await using var w = Open("r1");
        Assert.Null(w.Stat("nothing"));
        Assert.Null(w.Stat("src/nothing/deeper"));
        Assert.Null(w.Stat("readme.txt/below"));
        Assert.Equal(FileProblem.NotFound, ProblemOf(() => w.Read("nothing", Enough)));
        Assert.Equal(FileProblem.WrongKind, ProblemOf(() => w.Read("src", Enough)));
        Assert.Equal(FileProblem.WrongKind, ProblemOf(() => w.List("readme.txt")));
    }

    [Fact]
    public async Task A_write_is_compared_with_the_version_that_was_read()
    {
        await using var w = Open("r1");
        var version = w.Read("readme.txt", Enough).Version;
        var next = w.Write("readme.txt", Bytes("two\n"), version);
        Assert.Equal("two\n", Text(w, "readme.txt"));
        Assert.Equal(FileProblem.Changed, ProblemOf(() => w.Write("readme.txt", Bytes("three\n"), version)));
        Assert.Equal(FileProblem.Changed, ProblemOf(() => w.Write("readme.txt", Bytes("three\n"), null)));
        Assert.Equal(FileProblem.Changed, ProblemOf(() => w.Write("new.txt", Bytes("x"), version)));
        Assert.Equal("two\n", Text(w, "readme.txt"));
        w.Write("readme.txt", Bytes("three\n"), next);
        Assert.Equal("three\n", Text(w, "readme.txt"));
    }

    [Fact]
    public async Task A_write_keeps_the_mode_and_makes_missing_directories()
    {
        await using var w = Open("r1");
        Put(w, "run.sh", "#!/bin/sh\necho new\n");
        Assert.Equal(0x1ED, w.Stat("run.sh")!.Mode);
        Put(w, "one/two/three.txt", "3");
        Assert.Equal(["one"], w.List("").Where(e => e.Path == "one").Select(e => e.Path));
        Assert.Equal(["one/two/three.txt"], w.List("one/two").Select(e => e.Path));
        Assert.Equal(EntryKind.Directory, w.Stat("one/two")!.Kind);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("src/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    public async Task A_path_that_leaves_the_root_is_Outside(string path)
    {
        await using var w = Open("r1");
        Assert.Equal(FileProblem.Outside, ProblemOf(() => w.Read(path, Enough)));
        Assert.Equal(FileProblem.Outside, ProblemOf(() => w.Write(path, Bytes("x"), null)));
        Assert.Equal(FileProblem.Outside, ProblemOf(() => w.List(path)));
        Assert.Equal(FileProblem.Outside, ProblemOf(() => w.Stat(path)));
    }

    [Fact]
    public async Task Dots_inside_the_root_resolve()
    {
        await using var w = Open("r1");
        Assert.Equal("src/a.cs", w.Read("./src/deep/.././a.cs", Enough).Path);
        Assert.Equal("", w.Stat("")!.Path);
        Assert.Equal(w.List("").Count, w.List("src/..").Count);
    }

    [Fact]
    public async Task A_link_is_followed_inside_and_refused_outside()
    {
        await using var w = Open("r1");
        if (!HasLinks)
        {
            Assert.Null(w.Stat("inside"));
            return;
        }

        Assert.Equal("src/a.cs", w.Read("inside", Enough).Path);
        Assert.Equal(EntryKind.Link, w.Stat("inside")!.Kind);
        Assert.Equal("src/a.cs", w.Stat("inside")!.LinkTarget);
        Put(w, "inside", "changed\n");
        Assert.Equal(EntryKind.Link, w.Stat("inside")!.Kind);
        Assert.Equal("changed\n", Text(w, "src/a.cs"));
        Assert.Equal(FileProblem.Outside, ProblemOf(() => w.Read("outside", Enough)));
        Assert.Equal(FileProblem.Outside, ProblemOf(() => w.Write("outside", Bytes("x"), null)));
    }

    [Fact]
    public async Task A_file_over_the_limit_is_TooLarge()
    {
        await using var w = Open("r1");
        Assert.Equal(FileProblem.TooLarge, ProblemOf(() => w.Read("readme.txt", 5)));
        Assert.Equal(6, w.Read("readme.txt", 6).Content.Length);
    }

    [Fact]
    public async Task The_repositorys_git_directory_cannot_be_written()
    {
        await using var w = Open("r1");
        Assert.Equal(FileProblem.ReadOnly, ProblemOf(() => w.Write(".git/hooks/pre-commit", Bytes("x"), null)));
        Assert.Equal(FileProblem.ReadOnly, ProblemOf(() => w.Write("src/../.git/config", Bytes("x"), w.Stat(".git/config") is null ? null : w.Read(".git/config", Enough).Version)));
    }

    [Fact]
    public async Task Freeze_names_what_changed_and_nothing_else()
    {
        await using var w = Open("r1");
        Assert.Null(w.Freeze(Layer("l0")));
        Assert.Null(w.Top);
        Put(w, "readme.txt", "two\n");
        Put(w, "fresh/new.txt", "n");
        Put(w, "src/a.cs", "a\n");
        var changes = w.Freeze(Layer("l1"))!;
        Assert.Equal(Layer("l1"), w.Top);
        Assert.Null(changes.Parent);
        Assert.Equal(["fresh", "fresh/new.txt", "readme.txt"], changes.Changes.Select(c => c.Path));
        var readme = changes.Changes[2];
        Assert.Equal((ChangeKind.Modified, BlobHash.OfText("hello\n"), BlobHash.OfText("two\n")), (readme.Change, readme.Before, readme.After));
        Assert.Equal(ChangeKind.Added, changes.Changes[1].Change);
        Assert.Null(w.Freeze(Layer("l2")));
        Assert.Equal(Layer("l1"), w.Top);
    }

    [Fact]
    public async Task Rollback_restores_the_identical_manifest_and_forks_do_not_see_each_other()
    {
        System.Collections.Immutable.ImmutableArray<ManifestEntry> atOne;
        await using (var w = Open("r1"))
        {
            Put(w, "readme.txt", "one\n");
            w.Freeze(Layer("l1"));
            atOne = w.Manifest();
            Put(w, "readme.txt", "two\n");
            Put(w, "more.txt", "more\n");
            w.Freeze(Layer("l2"));
            Assert.NotEqual(atOne, w.Manifest());
        }

        await using var back = Open("r1", Layer("l1"));
        await using var fork = Open("r2", Layer("l1"));
        Assert.Equal(atOne.AsEnumerable(), back.Manifest());
        Put(fork, "readme.txt", "fork\n");
        fork.Freeze(Layer("f2"));
        Assert.Equal("one\n", Text(back, "readme.txt"));
        await using var top = Open("r3", Layer("l2"));
        Assert.Equal("two\n", Text(top, "readme.txt"));
        Assert.Equal("more\n", Text(top, "more.txt"));
    }

    [Fact]
    public async Task Discard_drops_the_open_layer()
    {
        await using var w = Open("r1");
        var before = w.Manifest();
        Put(w, "readme.txt", "two\n");
        w.Discard();
        Assert.Equal(before.AsEnumerable(), w.Manifest());
        Put(w, "readme.txt", "three\n");
        Assert.Equal("three\n", Text(w, "readme.txt"));
    }

    [Fact]
    public async Task An_open_layer_that_was_left_is_gone_when_the_run_is_opened_again()
    {
        await using var w = Open("r1");
        Put(w, "readme.txt", "lost\n");
        await using var again = Open("r1");
        Assert.Equal("hello\n", Text(again, "readme.txt"));
    }

    [Fact]
    public async Task Odd_names_survive()
    {
        await using var w = Open("r1");
        string[] names = ["a b", "new\nline", "quo\"te'", "co:lon,comma", "back\\slash", "-dash", "ünï", "tab\t"];
        foreach (var name in names)
        {
            Put(w, name, name);
        }

        w.Freeze(Layer("l1"));
        foreach (var name in names)
        {
            Assert.Equal(name, Text(w, name));
            Assert.Contains(w.List(""), e => e.Path == name);
        }
    }
}
