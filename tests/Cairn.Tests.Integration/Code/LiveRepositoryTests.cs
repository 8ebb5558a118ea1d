using System.Diagnostics;
using System.Text;
using Cairn.Host;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Code;

/// <summary>The model follows the files, whoever writes them, and each layer has its own.</summary>
public sealed class LiveRepositoryTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("cairn-follow-").FullName;

    public LiveRepositoryTests()
    {
        Put("src/a.py", "def first():\n    pass\n");
        Put("src/b.py", "from src.a import first\n");
        Put(".gitignore", "made/\n");
        Put("made/c.py", "def made():\n    pass\n");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task An_answer_after_a_write_by_anybody_has_what_was_written()
    {
        await using var live = await Live.NewAsync(_home);
        Assert.Equal("a.py b.py first", await NamesAsync(live));
        Put("src/a.py", "def second():\n    pass\n");
        Assert.Equal("a.py b.py second", await NamesAsync(live));
        Put("new/deep/d.py", "def third():\n    pass\n");
        Put("new/deep/e.py", "def fourth():\n    pass\n");
        Assert.Equal("a.py b.py d.py e.py fourth second third", await NamesAsync(live));
        Directory.Move(Path.Combine(_home, "new/deep"), Path.Combine(_home, "src/moved"));
        Put("src/moved/d.py", "def fifth():\n    pass\n");
        Assert.Equal("a.py b.py d.py e.py fifth fourth second", await NamesAsync(live));
        Directory.Delete(Path.Combine(_home, "src/moved"), recursive: true);
        Put("src/moved/e.py", "def sixth():\n    pass\n");
        Assert.Equal("a.py b.py e.py second sixth", await NamesAsync(live));
        Put("src/moved/e.py", "def seventh():\n    pass\n");
        File.Delete(Path.Combine(_home, "src/b.py"));
        Put("made/c.py", "def made_again():\n    pass\n");
        Assert.Equal("a.py e.py second seventh", await NamesAsync(live));
        Put(".gitignore", "");
        Assert.Equal("a.py c.py e.py made_again second seventh", await NamesAsync(live));
    }

    [Fact]
    public async Task Each_run_sees_its_own_layers_and_what_a_human_changes_below_them()
    {
        await using var live = await Live.NewAsync(_home);
        var (one, two) = (live.Run(), live.Run());
        var layer = Freeze(live, "r1", null, ("src/a.py", "def mine():\n    pass\n"), ("src/n.py", "def more():\n    pass\n"));
        Assert.Equal("a.py b.py mine more n.py", Names(await live.ViewAsync(one, layer)));
        Assert.Equal("a.py b.py first", Names(await live.ViewAsync(two, null)));

        Put("src/b.py", "def human():\n    pass\n");
        Put("src/a.py", "def hidden():\n    pass\n");
        Assert.Equal("a.py b.py human mine more n.py", Names(await live.ViewAsync(one, layer)));
        Assert.Equal("a.py b.py hidden human", Names(await live.ViewAsync(two, null)));

        var next = Freeze(live, "r1", layer, ("src/n.py", "def other():\n    pass\n"));
        Assert.Equal("a.py b.py human mine n.py other", Names(await live.ViewAsync(one, next)));
        Assert.Equal("a.py b.py human mine more n.py", Names(await live.ViewAsync(one, layer)));
        Assert.Equal("a.py b.py hidden human", Names(await live.ViewAsync(one, null)));
        Assert.Equal("a.py b.py human mine n.py other", Names(await live.ViewAsync(live.Run(), next)));
    }

    [Fact]
    public async Task What_is_not_ready_says_so_and_holds_nobody_up()
    {
        await using var live = await Live.NewAsync(_home);
        var never = new LiveRepository(live.Layers, Path.Combine(_home, "src"), () => throw new InvalidDataException("no cache"));
        var (view, why) = await new RunModel(never, live.Layers, Path.Combine(_home, "src"), TimeProvider.System).AtAsync(null, Cancel);
        Assert.Null(view);
        Assert.Contains("no cache", why, StringComparison.Ordinal);
        await never.DisposeAsync();
    }

    [Fact]
    public async Task A_checkout_of_five_hundred_files_is_taken_in_at_once()
    {
        for (var i = 0; i < 500; i++)
        {
            Put($"lib/p{i % 20}/m{i}.py", $"def old_{i}():\n    return {i}\n");
        }

        await GitAsync("init", "--quiet", "--initial-branch=main");
        await GitAsync("add", "--all");
        await GitAsync("commit", "--quiet", "-m", "old");
        for (var i = 0; i < 500; i++)
        {
            Put($"lib/p{i % 20}/m{i}.py", $"def new_{i}():\n    return {i}\n");
        }

        await GitAsync("commit", "--quiet", "--all", "-m", "new");
        await using var live = await Live.NewAsync(_home);
        var start = Stopwatch.GetTimestamp();
        await GitAsync("checkout", "--quiet", "HEAD~1");
        var names = (await NamesAsync(live)).Split(' ');
        TestContext.Current.TestOutputHelper?.WriteLine($"checkout and answer: {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        Assert.Equal(500, names.Count(name => name.StartsWith("old_", StringComparison.Ordinal)));
        Assert.DoesNotContain(names, name => name.StartsWith("new_", StringComparison.Ordinal));
    }

    private static LayerId Freeze(Live live, string run, LayerId? top, params (string Path, string Text)[] files)
    {
        var workspace = live.Layers.Open(RunId.Parse(run), live.Root, top);
        foreach (var (path, text) in files)
        {
            workspace.Write(path, Encoding.UTF8.GetBytes(text), workspace.Stat(path) is null ? null : workspace.Read(path, 1000).Version);
        }

        var layer = LayerId.Parse($"{run}.{Guid.NewGuid().ToString("N")[..6]}");
        Assert.NotNull(workspace.Freeze(layer));
        workspace.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return layer;
    }

    private static async Task<string> NamesAsync(Live live) => Names((await live.Repository.NowAsync(Cancel)).Model);

    private static string Names(ModelView view) => Names(view.Model);

    private static string Names(Cairn.Memory.Indexing.CodeModel model) => string.Join(' ', model.Graph.AllNodes()
        .Where(node => node.Labels[^1] == "Function" || (node.Labels[^1] == "File" && ((string)node["path"]!).EndsWith(".py", StringComparison.Ordinal)))
        .Select(node => (string)node["name"]!).Where(name => !name.StartsWith('m') || !name.EndsWith(".py", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    private void Put(string path, string text)
    {
        var full = Path.Combine(_home, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private async Task GitAsync(params string[] arguments) =>
        (await HostProcess.RunAsync(_home, new Dictionary<string, string>(), Cancel, ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", .. arguments])).OrThrow("git");
}
