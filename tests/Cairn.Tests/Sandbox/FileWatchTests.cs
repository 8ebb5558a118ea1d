using System.Diagnostics;
using Cairn.Sandbox.Watching;

namespace Cairn.Tests.Sandbox;

/// <summary>Watching real files: every way in which a file becomes another one.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class FileWatchTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string _root = Directory.CreateTempSubdirectory("cairn-watch-").FullName;
    private readonly FileWatch _watch = new();
    private readonly SemaphoreSlim _told = new(0);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _watch.Dispose();
        _told.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData("write")]
    [InlineData("rename")]
    [InlineData("delete")]
    [InlineData("mode")]
    public async Task A_file_that_is_written_replaced_removed_or_has_another_mode_is_named(string change)
    {
        Write("a/b.txt", "one");
        Write("a/c.txt", "one");
        using var files = Watch("a/b.txt");
        switch (change)
        {
            case "write":
                Write("a/b.txt", "two");
                break;
            case "rename":
                Write("a/b.txt.new", "two");
                File.Move(At("a/b.txt.new"), At("a/b.txt"), overwrite: true);
                break;
            case "delete":
                File.Delete(At("a/b.txt"));
                break;
            default:
                using (var chmod = Process.Start("chmod", ["700", At("a/b.txt")]))
                {
                    await chmod.WaitForExitAsync(Cancel);
                }

                break;
        }

        await NamedAsync(files, "a/b.txt");
        Write("a/c.txt", "two");
        Write("a/b.txt", "three");
        await NamedAsync(files, "a/b.txt");
    }

    [Fact]
    public async Task A_file_whose_directories_do_not_exist_yet_is_seen_when_it_comes()
    {
        using var files = Watch("x/y/z.txt");
        Write("x/y/z.txt", "here");
        await NamedAsync(files, "x/y/z.txt");
        Write("x/y/z.txt", "changed");
        await NamedAsync(files, "x/y/z.txt");
    }

    [Fact]
    public async Task A_directory_that_is_moved_away_takes_its_watch_along_and_the_next_of_its_name_gets_one()
    {
        Write("a/b/c.txt", "one");
        using var files = Watch("a/b/c.txt");
        Directory.Move(At("a"), At("old"));
        await NamedAsync(files, "a/b/c.txt");
        Write("a/b/c.txt", "another");
        await NamedAsync(files, "a/b/c.txt");
        Write("old/b/c.txt", "no longer the same place");
        Write("a/b/c.txt", "again");
        await NamedAsync(files, "a/b/c.txt");
        Assert.Equal(WatchNews.None, files.Take());
    }

    [Fact]
    public async Task Lost_events_mean_that_anything_may_have_changed()
    {
        Write("a.txt", "one");
        using var entered = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        using var files = _watch.Open(() =>
        {
            // The reader is held here, until the kernel's queue has run over.
            entered.Set();
            go.Wait(Patience);
            _told.Release();
        });
        Assert.True(files.Add(new(_root, "a.txt")));
        Write("a.txt", "two");
        Assert.True(entered.Wait(Patience, Cancel));
        files.Take();
        var limit = int.Parse(await File.ReadAllTextAsync("/proc/sys/fs/inotify/max_queued_events", Cancel), System.Globalization.CultureInfo.InvariantCulture);
        for (var i = 0; i <= limit / 2; i++)
        {
            // Two names in turn, because equal events that follow each other are one.
            File.SetUnixFileMode(At("a.txt"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.WriteAllBytes(At(i % 2 == 0 ? "b.txt" : "c.txt"), []);
        }

        go.Set();
        while (!files.Take().All)
        {
            Assert.True(await _told.WaitAsync(Patience, Cancel), "nobody says that events were lost");
        }
    }

    [Fact]
    public void What_a_link_leads_to_is_not_watched_and_neither_is_what_leaves_the_root()
    {
        Write("real/a.txt", "one");
        Directory.CreateSymbolicLink(At("link"), At("real"));
        using var files = _watch.Open(() => { });
        Assert.False(files.Add(new(_root, "link/a.txt")));
        Assert.False(files.Add(new(_root, "../a.txt")));
        Assert.False(files.Add(new(At("nowhere"), "a.txt")));
        Assert.True(files.Add(new(_root, "real/a.txt")));
    }

    [Fact]
    public async Task Each_owner_gets_its_own_news_and_none_after_it_left()
    {
        Write("a.txt", "one");
        using var first = Watch("a.txt");
        using var second = Watch("a.txt");
        Write("a.txt", "two");
        await NamedAsync(first, "a.txt");
        await NamedAsync(second, "a.txt");
        first.Dispose();
        Write("a.txt", "three");
        await NamedAsync(second, "a.txt");
        Assert.Equal(WatchNews.None, first.Take());
        Assert.False(first.Add(new(_root, "a.txt")));
    }

    private IWatchedFiles Watch(string path)
    {
        var files = _watch.Open(() => _told.Release());
        Assert.True(files.Add(new(_root, path)));
        return files;
    }

    private async Task NamedAsync(IWatchedFiles files, string path)
    {
        while (true)
        {
            var news = files.Take();
            if (news.Places.Length > 0)
            {
                Assert.Equal([new WatchedPlace(_root, path)], news.Places);
                Assert.False(news.All);
                break;
            }

            Assert.True(await _told.WaitAsync(Patience, Cancel), $"nobody says that {path} changed");
        }

        // What one change brought in several events is one news.
        while (await _told.WaitAsync(TimeSpan.FromMilliseconds(20), Cancel))
        {
            files.Take();
        }
    }

    private string At(string path) => Path.Combine(_root, path);

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }
}
