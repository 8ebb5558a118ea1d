using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation;
using Cairn.Sandbox.Isolation.Bubblewrap;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Sessions;

/// <summary>
/// The processes that hold the shells of runs: `cairn-shell`, one for each run that has shells. It outlives the process that
/// started it; it ends when it is told to, when its socket or its state directory is gone, or when nobody came for a day.
/// </summary>
internal sealed class ShellHolder(LayerFiles files, ImmutableArray<SandboxMount> mounts) : IDisposable
{
    private const string Sockets = "shells";
    private const string Ending = ".sock";
    private static readonly TimeSpan Unattended = TimeSpan.FromDays(1);

    /// <summary>A shell speaks to its holder over descriptors just below this.</summary>
    private const int LeastOpenFiles = 256;

    private readonly Lazy<ProcessLauncher> _launcher = new();

    /// <summary>Where the helper is, if this installation has it.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "cairn-shell");

    /// <summary>Connects to the holder of a run; null when there is none.</summary>
    public HolderClient? TryConnect(RunId run)
    {
        return TryConnect(files.State, run);
    }

    /// <summary>Likewise for somebody who only looks, and must not touch the state directory.</summary>
    public static HolderClient? TryConnect(DirectoryHandle state, RunId run)
    {
        return File.Exists(Path.Combine(state.Name, $"{Sockets}/{run}{Ending}")) ? HolderClient.TryConnect(Address(state, run)) : null;
    }

    /// <summary>Where the holder of a run listens. By the handle: the path itself may be longer than a socket's name can be.</summary>
    public static string Address(DirectoryHandle state, RunId run) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{state.Handle.DangerousGetHandle()}/{Sockets}/{run}{Ending}");

    /// <summary>The runs that have a socket here; some may be of holders that are gone.</summary>
    public IReadOnlyList<RunId> Runs()
    {
        var directory = Path.Combine(files.Path, Sockets);
        return Directory.Exists(directory)
            ? [.. Directory.EnumerateFiles(directory, "*" + Ending).Select(f => RunId.Parse(Path.GetFileName(f)[..^Ending.Length]))]
            : [];
    }

    /// <summary>Starts a holder with a sandbox whose workspace is mounted, and connects to it.</summary>
    /// <param name="request">The workspace.</param>
    /// <param name="work">Overlay's work directory, relative to the state directory.</param>
    /// <param name="status">File for bwrap's status, likewise.</param>
    public async Task<HolderClient> StartAsync(SandboxRequest request, string work, string status)
    {
        if (!File.Exists(Program) || !File.Exists("/bin/bash"))
        {
            throw new WorkspaceException(FileProblem.Io, File.Exists(Program)
                ? "There are no persistent shells here: this machine has no bash."
                : "There are no persistent shells here: this installation lacks cairn-shell, which is built where a C compiler is.");
        }

        Directory.CreateDirectory(Path.Combine(files.Path, Sockets));
        LinuxError.Check(LinuxCalls.ChangeMode(files.State.Handle, FileNames.Encode(Sockets), 0x1C0, 0), "close to others", Sockets);
        Directory.CreateDirectory(Path.Combine(files.Path, work));
        CgroupTree.Current.KillLeftovers(Owner, request.Run);
        var groups = CgroupTree.Current.Make(Owner, request.Run, request.Command.Limits);
        var limits = request.Command.Limits;
        request = request with
        {
            Command = SandboxRunner.WithCpuLimit(request.Command with { Arguments = [Program, "serve"], Limits = limits with { OpenFiles = Math.Max(limits.OpenFiles, LeastOpenFiles) } }),
        };
        var chain = new SandboxChain(files, [.. mounts, new SandboxMount(Program, Required: true)]).Build(request, groups, work, status);

        // The sandbox's own processes must not stand in the workspace: it could never be taken away.
        chain[chain.IndexOf("--chdir") + 1] = "/";
        List<string> command =
        [
            "setsid", Program, "hold", $"{Sockets}/{request.Run}{Ending}", request.Root, files.Path,
            ((long)Unattended.TotalSeconds).ToString(CultureInfo.InvariantCulture),
            .. groups?.JoinFiles.Select(f => Path.GetDirectoryName(f)!) ?? [], "--", .. chain,
        ];
        using var process = await _launcher.Value.StartAsync(command, files.Path, SandboxIdentity.Surroundings);
        var ready = await process.StandardOutput.ReadLineAsync();
        if (ready != "ready")
        {
            var why = await process.StandardError.ReadToEndAsync();
            groups?.Dispose();
            throw new WorkspaceException(FileProblem.Io, $"The sandbox of the shells could not be made: {why.Trim()} (`cairn doctor` names the mend.)");
        }

        return TryConnect(request.Run) ?? throw new WorkspaceException(FileProblem.Io, "The process that holds the shells ended at once.");
    }

    /// <summary>Ends the holder of a run with everything in its sandbox, and what a holder that was killed may have left.</summary>
    /// <returns>What ran beside the shells.</returns>
    public IReadOnlyList<string> End(RunId run)
    {
        IReadOnlyList<string> running = [];
        var socket = Path.Combine(files.Path, Sockets, run + Ending);
        if (!File.Exists(socket))
        {
            return running;
        }

        if (TryConnect(run) is { } client)
        {
            using (client)
            {
                running = EndAsync(client).GetAwaiter().GetResult();
            }
        }

        File.Delete(socket);
        CgroupTree.Current.KillLeftovers(Owner, run);
        return running;
    }

    /// <summary>The processes beside the shells themselves and their server.</summary>
    public static IReadOnlyList<SandboxProcess> Beside(HolderState state)
    {
        var shells = state.Shells.Where(s => !s.IsDead).Select(s => s.Pid).ToHashSet();
        return [.. SandboxProcesses.Of(state.Server).Where(p => !shells.Contains(p.Inside))];
    }

    /// <summary>Who holds the workspace, for people.</summary>
    public static string Holders(HolderState state) =>
        $"shell {string.Join(", ", state.Shells.Where(s => !s.IsDead).Select(s => s.Name))}: {string.Join("; ", Beside(state).Select(p => p.Line).DefaultIfEmpty("the shell itself has a file of the workspace open"))}";

    /// <summary>A program in the foreground of a shell reads the terminal, as far as one can see from outside.</summary>
    public static bool AsksForInput(HolderState state, string name)
    {
        var all = SandboxProcesses.Of(state.Server);
        var shell = state.Shells.Where(s => s.Name == name).Select(s => all.FirstOrDefault(p => p.Inside == s.Pid).Id).FirstOrDefault();
        return shell > 0 && SandboxProcesses.AsksForInput(shell, all);
    }

    public void Dispose()
    {
        if (_launcher.IsValueCreated)
        {
            _launcher.Value.Dispose();
        }
    }

    // Their groups have another owner than those of commands: what a crash left of those is killed when the run is opened.
    private string Owner => "shell." + files.Owner;

    private static async Task<IReadOnlyList<string>> EndAsync(HolderClient client)
    {
        try
        {
            var state = await client.HelloAsync();
            IReadOnlyList<string> running = [.. Beside(state).Select(p => p.Line)];
            await client.TryAskAsync('E', [], default);
            await client.GoneAsync();
            return running;
        }
        catch (Exception e) when (e is WorkspaceException or TimeoutException)
        {
            // It is gone, or hangs: its groups are killed next.
            return [];
        }
    }
}
