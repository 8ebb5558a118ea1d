namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Workspaces as they are found: dirty, read-only, full of odd files and of links that lead out.</summary>
public sealed class HostileFilesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dirty_workspace_is_worked_on_as_it_is_and_keeps_what_the_user_changed()
    {
        using var scene = await Scene.NewAsync(("code.txt", "a\nb\nc\n"), ("gone.txt", "x\n"));
        scene.Put("code.txt", "a\nb\nMINE\n");
        scene.Put("untracked.txt", "mine\n");
        File.Delete(scene.In("gone.txt"));
        var model = scene.Model(
            "m", Script.Turn("", Script.Edit("code.txt", "a\nb\nMINE\n", "a\n", "A\n"), Script.Shell("cat untracked.txt; ls; echo y > new.txt")), Script.Expecting(Script.Turn("", Script.Complete()), "mine"));
        (await scene.RunAsync(model, "--merge", "auto")).Exits(0);
        Assert.Equal("A\nb\nMINE\n", await File.ReadAllTextAsync(scene.In("code.txt"), Cancel));
        Assert.Equal("mine\n", await File.ReadAllTextAsync(scene.In("untracked.txt"), Cancel));
        Assert.False(File.Exists(scene.In("gone.txt")));
        Assert.Equal(" M code.txt\n D gone.txt\n?? new.txt\n?? untracked.txt\n", await scene.GitAsync("status", "--porcelain"));
    }

    [Fact]
    public async Task Binary_and_huge_files_and_names_with_spaces_and_newlines_go_through_run_diff_and_merge()
    {
        using var scene = await Scene.NewAsync(("two words.txt", "a\n"), ("line\nbreak.txt", "b\n"), ("-dash", "c\n"));
        await File.WriteAllBytesAsync(scene.In("blob.bin"), [.. Enumerable.Range(0, 4096).Select(i => (byte)i)], Cancel);
        await using (var huge = File.Create(scene.In("huge.log")))
        {
            huge.SetLength(300L << 20);
        }

        var model = scene.Model(
            "m",
            Script.Turn("", Script.Read("blob.bin"), Script.Read("huge.log"), Script.Read("line\nbreak.txt"), Script.Search("a")),
            Script.Turn("", Script.Edit("two words.txt", "a\n", "a", "A"), Script.Edit("line\nbreak.txt", "b\n", "b", "B"), Script.Write("new\nname", "n\n")),
            Script.Turn("", Script.Shell("printf '\\000\\001' >> blob.bin; echo end >> huge.log; echo C > ./-dash; mv 'two words.txt' 'three  words.txt'")),
            Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        Assert.DoesNotContain("\0", (await scene.CairnAsync("diff", "last")).Exits(0).Says("blob.bin", "huge.log", "three  words.txt").Output, StringComparison.Ordinal);
        await scene.JsonAsync("diff", "last");
        (await scene.CairnAsync("merge", "last")).Exits(0);
        Assert.Equal("A\n", await File.ReadAllTextAsync(scene.In("three  words.txt"), Cancel));
        Assert.Equal("B\n", await File.ReadAllTextAsync(scene.In("line\nbreak.txt"), Cancel));
        Assert.Equal("n\n", await File.ReadAllTextAsync(scene.In("new\nname"), Cancel));
        Assert.Equal("C\n", await File.ReadAllTextAsync(scene.In("-dash"), Cancel));
        Assert.Equal((300L << 20) + 4, new FileInfo(scene.In("huge.log")).Length);
        Assert.Equal(4098, new FileInfo(scene.In("blob.bin")).Length);
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task Links_out_of_the_tree_are_neither_read_nor_written_through()
    {
        using var scene = await Scene.NewAsync();
        var secret = Path.Combine(scene.Root, "secret.txt");
        await File.WriteAllTextAsync(secret, "TOP-SECRET\n", Cancel);
        File.CreateSymbolicLink(scene.In("out"), secret);
        File.CreateSymbolicLink(scene.In("outdir"), scene.Root);
        File.CreateSymbolicLink(scene.In("rel"), "../secret.txt");
        var model = scene.Model(
            "m",
            Script.Turn("", Script.Read("out"), Script.Read("outdir/secret.txt"), Script.Read("rel"), Script.Read("../secret.txt"), Script.Read(secret), Script.Search("TOP")),
            Script.Turn("", Script.Shell("cat out rel outdir/secret.txt ../secret.txt; echo evil > out; echo evil > outdir/evil.txt; ln -s /etc inner; true")),
            Script.Turn("", Script.Write("out", "evil\n"), Script.Write("outdir/evil2.txt", "evil\n"), Script.Write("inner/evil3", "evil\n"), Script.Write("../evil4", "evil\n"), Script.Edit("rel", "TOP-SECRET\n", "TOP", "EVIL")),
            Script.Turn("", Script.Complete()));
        await scene.RunAsync(model, "--merge", "auto");
        Assert.Equal("TOP-SECRET\n", await File.ReadAllTextAsync(secret, Cancel));
        Assert.Empty(Directory.EnumerateFiles(scene.Root, "evil*"));
        Assert.False(File.Exists("/etc/evil3"));
        Assert.All(await scene.ResultsAsync(), r => Assert.DoesNotContain("TOP-SECRET", r, StringComparison.Ordinal));
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task A_repository_that_cannot_be_written_is_a_clear_error_at_the_merge_and_nothing_is_lost()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "A read-only mount takes root.");
        using var scene = await Scene.NewAsync();
        await HostAsync("mount", "--bind", scene.Repository, scene.Repository);
        try
        {
            await HostAsync("mount", "-o", "remount,ro,bind", scene.Repository);
            var before = scene.Manifest();
            var model = scene.Model("m", Script.Turn("", Script.Write("a.txt", "a\n"), Script.Shell("echo b > b.txt")), Script.Turn("", Script.Complete()));
            (await scene.RunAsync(model, "--merge", "auto")).Exits(1).Says("read-only");
            Assert.Equal(before, scene.Manifest());
            (await scene.CairnAsync("merge", "last")).Exits(1).Says("read-only");
        }
        finally
        {
            await HostAsync("umount", "-l", scene.Repository);
        }

        (await scene.CairnAsync("merge", "last")).Exits(0);
        Assert.Equal("a\n", await File.ReadAllTextAsync(scene.In("a.txt"), Cancel));
        Assert.Equal("b\n", await File.ReadAllTextAsync(scene.In("b.txt"), Cancel));
        await scene.VerifiedAsync();
    }

    private static async Task HostAsync(params string[] command) =>
        (await RealRepositories.HostProcess.RunAsync("/", new Dictionary<string, string>(), Cancel, command)).OrThrow(command[0]);
}
