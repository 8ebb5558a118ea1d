using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using Cairn.Sdk;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Daemon;

/// <summary>A state directory, a repository, and real daemon processes that own the one and work on the other.</summary>
internal sealed class DaemonFixture : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _root = Directory.CreateTempSubdirectory("cairn-daemon-").FullName;
    private Process? _process;

    private DaemonFixture(string? state) => State = state ?? Path.Combine(_root, "state");

    public string State { get; }

    public string Repository => Path.Combine(_root, "repo");

    public string Socket => Path.Combine(State, RemoteCairn.SocketName);

    public int Pid => _process!.Id;

    /// <summary>What the daemon said when it was ready.</summary>
    public JsonElement Report { get; private set; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Program => Path.Combine(AppContext.BaseDirectory, "cairn");

    public static async Task<DaemonFixture> StartAsync(params string[] options) => await StartInAsync(null, options);

    public static async Task<DaemonFixture> StartInAsync(string? state, params string[] options)
    {
        var fixture = new DaemonFixture(state);
        Directory.CreateDirectory(fixture.Repository);
        await File.WriteAllTextAsync(Path.Combine(fixture.Repository, "a.txt"), "a\n", Cancel);
        foreach (var command in new string[][] { ["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "a"] })
        {
            (await HostProcess.RunAsync(fixture.Repository, new Dictionary<string, string>(), Cancel, ["git", .. command])).OrThrow("git");
        }

        await fixture.ServeAsync(options);
        return fixture;
    }

    /// <summary>Starts a daemon and waits until it says that it serves.</summary>
    public async Task ServeAsync(params string[] options)
    {
        var info = new ProcessStartInfo(Program, ["serve", "--json", "--state", State, .. options]) { RedirectStandardOutput = true };
        info.Environment["HOME"] = _root;
        _process = Process.Start(info)!;
        var line = await _process.StandardOutput.ReadLineAsync(Cancel) ?? throw new InvalidOperationException("The daemon ended.");
        Report = JsonDocument.Parse(line).RootElement;
        Assert.True(Report.TryGetProperty("socket", out _), line);
    }

    /// <summary>SIGKILL, in the middle of whatever it does.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync(Cancel);
    }

    /// <summary>SIGTERM; returns how long it took to go.</summary>
    public async Task<TimeSpan> TerminateAsync()
    {
        var clock = Stopwatch.StartNew();
        await HostProcess.RunAsync(_root, new Dictionary<string, string>(), Cancel, "kill", "-TERM", $"{Pid}");
        await _process!.WaitForExitAsync(Cancel).WaitAsync(Patience, Cancel);
        Assert.Equal(0, _process.ExitCode);
        return clock.Elapsed;
    }

    public RemoteCairn Connect() => RemoteCairn.TryConnect(State, null) ?? throw new InvalidOperationException("No daemon listens.");

    public HttpClient Http() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), token);
            return new NetworkStream(socket, ownsSocket: true);
        },
    }) { BaseAddress = new Uri("http://localhost/") };

    public Task<HostResult> CliAsync(params string[] arguments) => HostProcess.RunAsync(
        Repository, new Dictionary<string, string> { ["HOME"] = _root, ["CAIRN_STATE"] = State }, Cancel, [Program, .. arguments]);

    /// <summary>A model that answers with these lines, as a scripted file holds them.</summary>
    public string Model(string yaml)
    {
        var path = Path.Combine(_root, $"{Guid.NewGuid():N}.yaml");
        File.WriteAllText(path, yaml);
        return "scripted:" + path;
    }

    public StartRun Run(string yaml, MergeMode merge = MergeMode.Never) =>
        new() { Task = "do it", Repository = Repository, Model = Model(yaml), Judge = "", Merge = merge };

    public static string Command(string shell) =>
        $$"""
        - tool_calls:
            - name: run_command
              arguments: {command: {{JsonSerializer.Serialize(shell)}}, directory: null, timeout_seconds: 600}

        """;

    public const string Done =
        """
        - tool_calls:
            - name: complete
              arguments: {summary: fine, outcome: done}

        """;

    /// <summary>Waits until something is so.</summary>
    public static async Task Until(Func<Task<bool>> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var patience = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(patience.Elapsed < Patience, "It did not happen.");
            await timer.WaitForNextTickAsync(Cancel);
        }
    }

    /// <summary>Processes whose command line is just this.</summary>
    public static int Running(params string[] command) => Directory.EnumerateDirectories("/proc")
        .Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])).Count(d => CommandLine(d) == string.Join('\0', command) + '\0');

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process?.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(process + "/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
