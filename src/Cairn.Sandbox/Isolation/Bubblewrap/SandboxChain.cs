using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation.Box;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Isolation.Bubblewrap;

/// <summary>
/// Builds the chain of programs that makes a sandbox: a shell that joins the groups, `unshare` for a private mount
/// and pid namespace, a shell that mounts the overlay, bubblewrap, the command. The outer pid namespace is there so
/// that waiting for `unshare` means waiting for every process of the tree, however deep it hid.
/// </summary>
internal sealed class SandboxChain(LayerFiles files, ImmutableArray<SandboxMount> mounts)
{
    // Arguments: largest file (512-byte blocks), open files, number of join files, the join files, the program to go on with.
    private const string JoinScript = """
        ulimit -c 0 && ulimit -f "$1" && ulimit -n "$2" || exit 125
        n=$3; shift 3
        while [ "$n" -gt 0 ]; do echo 0 >"$1" || exit 125; shift; n=$((n-1)); done
        exec "$@"
        """;

    // Arguments: repository, overlay options, status file, directory of the /etc files, filter, size of the temporary
    // directories when no program may be started from them (else ""), the agent's user and group out here, the program to go on with.
    private const string MountScript = """
        set -e
        mount --bind -- "$1" stage/repo
        mount -t overlay -o "$2" overlay "$1"
        if [ -n "$6" ]; then
          mount -t tmpfs -o "noexec,nosuid,nodev,mode=0755,size=$6" tmpfs /dev/shm
          cd /dev/shm
          mkdir -m 1777 tmp vartmp shm
          mkdir -m 0755 run
          mkdir -m 0700 home
          chown "$7" run home
          cd "$OLDPWD"
        fi
        exec 3>"$3" 4<"$4/passwd" 5<"$4/group" 6<"$4/hosts" 7<"$4/nsswitch.conf" 8<"$4/$5"
        shift 7
        exec "$@"
        """;

    private static readonly ImmutableArray<(string Name, string Target)> Temporary =
        [("tmp", "/tmp"), ("vartmp", "/var/tmp"), ("shm", "/dev/shm"), ("run", "/run"), ("home", SystemMounts.Home)];

    // A program that is not there must end as in any shell: 127, not found.
    private const string CommandScript = """exec "$@" """;

    private const string WatchedProgram = "/run/cairn-watched";

    private readonly SandboxIdentity _identity = new(files);

    /// <summary>Program and arguments of the whole chain.</summary>
    /// <param name="request">The command.</param>
    /// <param name="groups">The groups to join; null when limits are by prlimit only.</param>
    /// <param name="work">Overlay's work directory, relative to the state directory.</param>
    /// <param name="status">File for bwrap's status, likewise.</param>
    /// <param name="watched">The inherited descriptor leads to the process that watches.</param>
    public List<string> Build(SandboxRequest request, CommandCgroup? groups, string work, string status, bool watched = false)
    {
        var limits = request.Command.Limits;
        var join = groups?.JoinFiles.ToList() ?? [];
        List<string> chain =
        [
            "setpriv", "--pdeathsig", "KILL", "--", "/bin/sh", "-c", JoinScript, "cairn",
            Number(Math.Max(1, limits.FileBytes / 512)), Number(limits.OpenFiles), Number(join.Count), .. join,
        ];
        if (groups is null)
        {
            chain.AddRange(["prlimit", $"--nproc={Number(limits.Pids)}:{Number(limits.Pids)}", "--"]);
        }

        // With a /proc of its own: bwrap looks its child up there, by the number that it has in this namespace.
        chain.AddRange(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]);
        if (!files.IsRoot)
        {
            chain.AddRange(["--user", "--map-root-user"]);
        }

        var (noExec, root) = (request.Command.NoExec, request.RootStat);
        chain.AddRange(
        [
            "--", "/bin/sh", "-c", MountScript, "cairn", request.Root, (noExec ? "noexec," : "") + _identity.OverlayOptions(request, work), status,
            _identity.OwnFiles(root), SandboxIdentity.FilterName(request.Command.Profile), noExec ? Number(limits.MemoryBytes) : "",
            files.IsRoot ? $"{Number(root.Uid)}:{Number(root.Gid)}" : "0:0",
        ]);
        if (files.IsRoot && request.RootStat.Uid != 0)
        {
            chain.AddRange(
            [
                "setpriv", "--reuid", Number(request.RootStat.Uid), "--regid", Number(request.RootStat.Gid), "--clear-groups",
                "--inh-caps=-all", "--pdeathsig", "KILL", "--",
            ]);
        }

        AddBubblewrap(chain, request, watched);
        return chain;
    }

    private void AddBubblewrap(List<string> chain, SandboxRequest request, bool watched)
    {
        var command = request.Command;
        var (uid, gid) = _identity.Inside(request.RootStat);
        chain.AddRange(
        [
            "bwrap", "--unshare-user", "--uid", Number(uid), "--gid", Number(gid), "--disable-userns",
            "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", "cairn", "--unshare-net", "--unshare-cgroup-try",
            "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", "--json-status-fd", "3", "--seccomp", "8",
        ]);
        SystemMounts.Add(chain, mounts, command.Limits.MemoryBytes, null);
        if (command.NoExec)
        {
            foreach (var (name, target) in Temporary)
            {
                chain.AddRange(["--bind", "/dev/shm/" + name, target]);
            }

            chain.AddRange(["--remount-ro", "/dev"]);
        }

        foreach (var mount in command.Mounts)
        {
            chain.AddRange(["--ro-bind", mount.Source, mount.Target]);
        }

        if (watched)
        {
            chain.AddRange(["--ro-bind", BoxBackend.Program, WatchedProgram]);
        }

        chain.AddRange([command.ReadOnly ? "--ro-bind" : "--bind", request.Root, request.Root]);
        if (request.Git is EntryKind.Directory or EntryKind.File)
        {
            chain.AddRange(["--ro-bind", request.Root + "/.git", request.Root + "/.git"]);
        }

        chain.AddRange(["--remount-ro", "/", "--chdir", SandboxIdentity.Directory(request)]);
        foreach (var (name, value) in SandboxIdentity.Environment(command))
        {
            chain.AddRange(["--setenv", name, value]);
        }

        // A shell, so that a program that is not there ends as it would in one; or who is watched from outside, which does the same.
        chain.AddRange(watched
            ? ["--", WatchedProgram, "inside", ProcessLauncher.InheritedDescriptor, .. command.Arguments]
            : ["--", "/bin/sh", "-c", CommandScript, "sh", .. command.Arguments]);
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
