using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Sdk;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>A repository and a state directory of one test, and the command line over them.</summary>
internal sealed class Scene : IDisposable
{
    private static readonly Dictionary<string, string> Git = new()
    {
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_AUTHOR_NAME"] = "T",
        ["GIT_AUTHOR_EMAIL"] = "t@example.invalid",
        ["GIT_COMMITTER_NAME"] = "T",
        ["GIT_COMMITTER_EMAIL"] = "t@example.invalid",
    };

    private readonly string _root = Directory.CreateTempSubdirectory("cairn-e2e-").FullName;

    public Scene()
    {
        Repository = Path.Combine(_root, "repo");
        State = Path.Combine(_root, "state");
        Directory.CreateDirectory(Repository);
    }

    public string Root => _root;

    public string Repository { get; set; }

    public string State { get; set; }

    /// <summary>Variables of the child.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A scene with a small committed repository.</summary>
    public static async Task<Scene> NewAsync(params (string Path, string Text)[] files)
    {
        var scene = new Scene();
        foreach (var (path, text) in files.Length > 0 ? files : [("readme.txt", "hello\n"), ("code.txt", "a\nb\nc\n")])
        {
            scene.Put(path, text);
        }

        await scene.GitAsync("init", "--quiet", "--initial-branch=main");
        await scene.GitAsync("add", "--all");
        await scene.GitAsync("commit", "--quiet", "-m", "start");
        return scene;
    }

    public string In(string path) => Path.Combine(Repository, path);

    public void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(In(path))!);
        File.WriteAllText(In(path), text);
    }

    public async Task<string> GitAsync(params string[] arguments) =>
        (await HostProcess.RunAsync(Repository, Git, Cancel, ["git", .. arguments])).OrThrow($"git {arguments[0]}").Output;

    /// <summary>Writes a scripted model and gives its id.</summary>
    public string Model(string name, params JsonObject[] turns)
    {
        var path = Path.Combine(_root, $"{name}.yaml");
        File.WriteAllText(path, Script.Text(turns));
        return $"scripted:{path}";
    }

    public CairnChild Start(Action<CairnChild, string, int>? onLine, params string[] arguments) => StartUnder([], onLine, arguments);

    public CairnChild StartUnder(string[] prefix, Action<CairnChild, string, int>? onLine, params string[] arguments) =>
        CairnChild.Start(_root, Environment, prefix, onLine, [.. arguments.TakeWhile(a => a != "--"), "--state", State, .. arguments.SkipWhile(a => a != "--")]);

    /// <summary>Calls `cairn` and waits for its end.</summary>
    public async Task<CairnResult> CairnAsync(params string[] arguments)
    {
        using var child = Start(null, arguments);
        return await child.EndAsync(Cancel);
    }

    /// <summary>`cairn run` over the repository, without a judge unless the options name one.</summary>
    public Task<CairnResult> RunAsync(string model, params string[] options) => CairnAsync(RunArguments(model, options));

    public string[] RunArguments(string model, params string[] options)
    {
        string[] judge = options.Contains("--judge") ? [] : ["--judge", ""];
        return ["run", "Do the job", "--repo", Repository, "--model", model, .. judge, .. options];
    }

    /// <summary>What a command answers in JSON.</summary>
    public async Task<JsonNode> JsonAsync(params string[] arguments)
    {
        var result = await CairnAsync([.. arguments, "--json"]);
        Assert.True(result.ExitCode == 0, result.All);
        return JsonNode.Parse(result.Output)!;
    }

    /// <summary>A run's events, in order; read in this process, because that takes no start.</summary>
    public async Task<List<RunEvent>> EventsAsync(string run = "last")
    {
        await using var cairn = OpenReadOnly();
        return [.. (await cairn.LogAsync((await cairn.FindAsync(run, Cancel)).Id, Cancel)).Select(e => e.Event)];
    }

    /// <summary>A run as it stands.</summary>
    public async Task<RunSummary> SummaryAsync(string run = "last")
    {
        await using var cairn = OpenReadOnly();
        return await cairn.FindAsync(run, Cancel);
    }

    public async Task<string> IdAsync() => (await SummaryAsync()).Id.Value;

    /// <summary>The texts that the calls of a run were answered with.</summary>
    public async Task<List<string>> ResultsAsync(string run = "last")
    {
        var finished = (await EventsAsync(run)).OfType<ToolCallFinished>().ToList();
        await using var cairn = OpenReadOnly();
        var texts = new List<string>();
        foreach (var call in finished)
        {
            texts.Add(await cairn.BodyAsync(call.Result, Cancel));
        }

        return texts;
    }

    /// <summary>Whether there is a run yet; looked up in this process, because that takes no start.</summary>
    public async Task<bool> HasRunsAsync()
    {
        if (!Directory.Exists(Path.Combine(State, "journal")))
        {
            return false;
        }

        await using var cairn = OpenReadOnly();
        return (await cairn.RunsAsync(Cancel)).Count > 0;
    }

    /// <summary>Cairn in this process, to look at bodies.</summary>
    public ICairn OpenReadOnly() => CairnHost.OpenReadOnly(new HostOptions(State, new TerminalHuman(interactive: false), _ => null));

    /// <summary>Replays the run and expects that everything is as recorded.</summary>
    public async Task VerifiedAsync(string run = "last") => (await CairnAsync("replay", run, "--verify")).Exits(0).Says("verified:");

    /// <summary>Each entry of a tree with kind, permission bits and content, without the repository's .git.</summary>
    public static string Manifest(string root)
    {
        var lines = new List<string>();
        Collect(new DirectoryInfo(root), "", lines);
        lines.Sort(StringComparer.Ordinal);
        return string.Join('\n', lines);
    }

    public string Manifest() => Manifest(Repository);

    /// <summary>Waits until no process has this text on its command line, and fails when one stays.</summary>
    public static async Task NobodyRunsAsync(string mark)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        var patience = Stopwatch.StartNew();
        while (Running(mark) is { Count: > 0 } left)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(5), $"Still running: {string.Join('\n', left)}");
            await timer.WaitForNextTickAsync(Cancel);
        }
    }

    public static List<string> Running(string mark) =>
        [.. Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0]))
            .Select(CommandLine).Where(c => c.Contains(mark, StringComparison.Ordinal))];

    public void Dispose()
    {
        // Directories that a test made unreadable, or layers without permissions, must not stay behind.
        using var remove = Process.Start("sh", ["-c", "chmod -R u+rwX \"$1\" 2>/dev/null; rm -rf -- \"$1\"", "sh", _root]);
        remove.WaitForExit();
    }

    private static void Collect(DirectoryInfo directory, string prefix, List<string> lines)
    {
        foreach (var entry in directory.EnumerateFileSystemInfos())
        {
            var path = prefix + entry.Name;
            if (path == ".git")
            {
                continue;
            }

            if (entry.LinkTarget is { } target)
            {
                lines.Add($"{path} link {target}");
                continue;
            }

            var mode = Convert.ToString((int)entry.UnixFileMode, 8);
            if (entry is DirectoryInfo sub)
            {
                lines.Add($"{path} directory {mode}");
                Collect(sub, path + "/", lines);
            }
            else
            {
                lines.Add($"{path} file {mode} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(entry.FullName)))}");
            }
        }
    }

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(process + "/cmdline", Encoding.UTF8).Replace('\0', ' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
