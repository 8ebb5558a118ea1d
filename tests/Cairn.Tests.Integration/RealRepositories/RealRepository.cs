using System.Collections.Frozen;

namespace Cairn.Tests.Integration.RealRepositories;

/// <summary>
/// A git repository in a directory of its own that holds a real project in working order: one commit, clean. Dispose
/// removes it.
/// </summary>
internal sealed class RealRepository : IDisposable
{
    private static readonly Dictionary<string, string> GitEnvironment = new()
    {
        // Nothing of the machine's git configuration may change what the tests see, and the commit's id is always the same.
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_AUTHOR_NAME"] = "Upstream",
        ["GIT_AUTHOR_EMAIL"] = "upstream@example.invalid",
        ["GIT_AUTHOR_DATE"] = "2024-01-01T00:00:00Z",
        ["GIT_COMMITTER_NAME"] = "Upstream",
        ["GIT_COMMITTER_EMAIL"] = "upstream@example.invalid",
        ["GIT_COMMITTER_DATE"] = "2024-01-01T00:00:00Z",
    };

    private static readonly FrozenDictionary<string, RealRepositoryPin> Pins =
        RealRepositoryPins.All.ToFrozenDictionary(pin => pin.Name);

    private readonly string home;

    private RealRepository(RealRepositoryPin pin, string home)
    {
        Pin = pin;
        this.home = home;
        Root = Path.Combine(home, pin.Name);
    }

    /// <summary>What it is.</summary>
    public RealRepositoryPin Pin { get; }

    /// <summary>The working copy.</summary>
    public string Root { get; }

    /// <summary>Runs the project's tests, for a shell in <see cref="Root"/>.</summary>
    public string TestCommand => Pin.TestCommand;

    /// <summary>The file that <see cref="Break"/> changes, from the root.</summary>
    public string BrokenPath => Pin.Break.Path;

    /// <summary>A fresh copy of the project, fetched when this user never had it.</summary>
    /// <param name="name">xmltodict (Python), minimist (JavaScript) or http-parser (C).</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task<RealRepository> GetAsync(string name, CancellationToken cancellationToken) =>
        GetAsync(name, PackageCache.OfUser, cancellationToken);

    internal static async Task<RealRepository> GetAsync(string name, PackageCache cache, CancellationToken cancellationToken)
    {
        var pin = Pins[name];
        await HostPackages.RequireAsync([("git", "git"), ("tar", "tar"), .. pin.Needs], cancellationToken);
        var repository = new RealRepository(pin, Directory.CreateTempSubdirectory("cairn-real-").FullName);
        try
        {
            await repository.LayOutAsync(cache, cancellationToken);
            return repository;
        }
        catch
        {
            repository.Dispose();
            throw;
        }
    }

    /// <summary>Makes the project's own tests fail: writes one wrong line into the working copy, committing nothing.</summary>
    public void Break() => Replace(Pin.Break.Right, Pin.Break.Wrong);

    /// <summary>Takes <see cref="Break"/> back.</summary>
    public void Fix() => Replace(Pin.Break.Wrong, Pin.Break.Right);

    /// <summary>Breaks it and commits that, so that the repository is clean and an agent cannot read the answer from a diff.</summary>
    public async Task BreakAndCommitAsync(CancellationToken cancellationToken)
    {
        Break();
        await GitAsync(cancellationToken, "commit", "--quiet", "--all", "--amend", "--no-edit");
        await GitAsync(cancellationToken, "reflog", "expire", "--expire=now", "--all");
        await GitAsync(cancellationToken, "gc", "--quiet", "--prune=now");
    }

    /// <summary>Runs the project's tests on the host, outside any sandbox.</summary>
    public Task<HostResult> TestOnHostAsync(CancellationToken cancellationToken) =>
        HostProcess.RunAsync(Root, new Dictionary<string, string>(), cancellationToken, "sh", "-c", TestCommand);

    /// <summary>Runs git in the working copy, without the machine's configuration.</summary>
    public async Task<string> GitAsync(CancellationToken cancellationToken, params string[] arguments) =>
        (await HostProcess.RunAsync(Root, GitEnvironment, cancellationToken, ["git", .. arguments]))
            .OrThrow($"git {arguments[0]}").Output;

    public void Dispose() => Directory.Delete(home, recursive: true);

    private async Task LayOutAsync(PackageCache cache, CancellationToken cancellationToken)
    {
        var tarball = await cache.FetchAsync(Pin, cancellationToken);
        Directory.CreateDirectory(Root);
        (await HostProcess.RunAsync(home, GitEnvironment, cancellationToken, "tar", "-xf", tarball, "-C", Root, "--strip-components=1", "--no-same-owner"))
            .OrThrow($"tar of {Pin.File}");
        var ignore = Path.Combine(Root, ".gitignore");
        if (Pin.Ignored.Length > 0 && !File.Exists(ignore))
        {
            await File.WriteAllTextAsync(ignore, Pin.Ignored, cancellationToken);
        }

        await GitAsync(cancellationToken, "init", "--quiet", "--initial-branch=main");
        await GitAsync(cancellationToken, "add", "--all");
        await GitAsync(cancellationToken, "commit", "--quiet", "--no-gpg-sign", "-m", $"{Pin.Name} {Pin.Version}");
        if (Pin.NodeLock is { } nodeLock)
        {
            // A copy, not a link: a sandbox sees nothing outside the workspace.
            var modules = await cache.NodeModulesAsync(nodeLock, cancellationToken);
            (await HostProcess.RunAsync(home, GitEnvironment, cancellationToken, "cp", "-R", modules, Root)).OrThrow("cp of node_modules");
        }
    }

    private void Replace(string from, string to)
    {
        var path = Path.Combine(Root, Pin.Break.Path);
        var text = File.ReadAllText(path);
        var at = text.IndexOf(from, StringComparison.Ordinal);
        if (at < 0 || text.IndexOf(from, at + 1, StringComparison.Ordinal) >= 0)
        {
            throw new InvalidOperationException($"'{from}' does not stand exactly once in {Pin.Break.Path}.");
        }

        File.WriteAllText(path, text[..at] + to + text[(at + from.Length)..]);
    }
}
