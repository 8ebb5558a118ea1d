using System.Diagnostics;
using Cairn.Bench.Steps;

namespace Cairn.Bench.Sandboxes;

/// <summary>
/// Another way to run a command without a network, over a read-only system, with only the repository to write: what it is started as. None
/// of them makes a layer, records what was changed or which programs ran.
/// </summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Command">Program and arguments, up to the command that is to be run.</param>
internal sealed record SandboxPeer(string Name, IReadOnlyList<string> Command)
{
    private const string CodexProgram = "node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex";
    private const string RunscProgram = "/usr/bin/runsc";

    /// <summary>A home of its own: the user's settings are not to decide.</summary>
    public required string Home { get; init; }

    public required string Repository { get; init; }

    /// <summary>Those that can be had, and why the others cannot.</summary>
    /// <param name="names">codex, runsc; comma-separated, or all or none.</param>
    /// <param name="repository">What may be written.</param>
    /// <param name="home">An empty directory.</param>
    /// <param name="cache">Where packages are kept.</param>
    /// <param name="log">Told of what is fetched.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<(IReadOnlyList<SandboxPeer> Peers, IReadOnlyList<string> NotMeasured)> FindAsync(
        string names, string repository, string home, string cache, TextWriter log, CancellationToken cancellationToken)
    {
        string[] wanted = names switch
        {
            "none" => [],
            "all" => ["codex", "runsc"],
            _ => names.Split(','),
        };
        if (wanted.Except(["codex", "runsc"]).FirstOrDefault() is { } unknown)
        {
            throw new FormatException($"'{unknown}' is no peer here; there are codex, runsc, all and none.");
        }

        List<SandboxPeer> peers = [new("bwrap, the same policy", Bubblewrap(repository)) { Home = home, Repository = repository }];
        List<string> left = [];
        foreach (var name in wanted)
        {
            var (command, problem) = name == "codex" ? Codex(cache, log) : Runsc(log);
            var peer = new SandboxPeer(name == "codex" ? "codex sandbox" : "runsc do", command ?? []) { Home = home, Repository = repository };
            problem ??= await peer.TryAsync(cancellationToken);
            if (problem is null)
            {
                peers.Add(peer);
            }
            else
            {
                left.Add($"{peer.Name}: {problem}");
            }
        }

        return (peers, left);
    }

    /// <summary>Runs /bin/true to its end.</summary>
    /// <exception cref="InvalidOperationException">When it fails.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Command[0], [.. Command.Skip(1), "/bin/true"])
        {
            WorkingDirectory = Repository, RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["HOME"] = Home, ["CODEX_HOME"] = Home },
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ended with {process.ExitCode}: {(await error).Trim().Split('\n')[^1]}");
        }
    }

    /// <returns>Why it does not run here; null when it does.</returns>
    private async Task<string?> TryAsync(CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await RunAsync(both.Token);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return e.Message;
        }
    }

    // What Cairn's own chain says to bwrap, but for the workspace: the repository itself is written, as bwrap 0.8 knows no overlays.
    private static string[] Bubblewrap(string repository) =>
    [
        "bwrap", "--unshare-user", "--uid", "1000", "--gid", "1000", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", "cairn", "--unshare-net", "--unshare-cgroup-try",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
        "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/sbin", "/sbin", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/var/tmp", "--tmpfs", "/run",
        "--tmpfs", "/home/agent", "--bind", repository, repository, "--remount-ro", "/", "--chdir", repository,
    ];

    private static (string[]? Command, string? Problem) Codex(string cache, TextWriter log)
    {
        var (folder, problem) = PeerInstall.Install("codex", cache, log);
        return folder is null ? (null, problem)
            : File.Exists(Path.Combine(folder, CodexProgram)) ? ([Path.Combine(folder, CodexProgram), "sandbox", "-c", "sandbox_mode=\"workspace-write\""], null)
            : (null, "the package has no program for this machine");
    }

    private static (string[]? Command, string? Problem) Runsc(TextWriter log)
    {
        if (!File.Exists(RunscProgram))
        {
            log.WriteLine("installing runsc with apt-get");
            var (code, text) = PeerInstall.Run("apt-get", ["install", "-y", "--no-install-recommends", "runsc"], "/");
            if (code != 0 || !File.Exists(RunscProgram))
            {
                return (null, $"it cannot be installed: {text.Trim().Split('\n')[^1]}");
            }
        }

        // The platform is the release's own: ptrace in the one of 2022, systrap in later ones.
        return ([RunscProgram, "--network=none", "--ignore-cgroups", "do"], null);
    }
}
