using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Isolation;

/// <summary>
/// Builds the chain of programs that makes a sandbox: a shell that joins the groups, `unshare` for a private mount
/// and pid namespace, a shell that mounts the overlay, bubblewrap, the command. The outer pid namespace is there so
/// that waiting for `unshare` means waiting for every process of the tree, however deep it hid.
/// </summary>
internal sealed class SandboxChain(LayerFiles files, ImmutableArray<SandboxMount> mounts)
{
    private const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private const uint AgentId = 1000;

    // Counted up when the files below change, so that an older Cairn's are not taken for ours.
    private const int FilesVersion = 2;

    // Arguments: largest file (512-byte blocks), open files, number of join files, the join files, the program to go on with.
    private const string JoinScript = """
        ulimit -c 0 && ulimit -f "$1" && ulimit -n "$2" || exit 125
        n=$3; shift 3
        while [ "$n" -gt 0 ]; do echo 0 >"$1" || exit 125; shift; n=$((n-1)); done
        exec "$@"
        """;

    // Arguments: repository, overlay options, status file, directory of the /etc files, the program to go on with.
    private const string MountScript = """
        set -e
        mount --bind -- "$1" stage/repo
        mount -t overlay -o "$2" overlay "$1"
        exec 3>"$3" 4<"$4/passwd" 5<"$4/group" 6<"$4/hosts" 7<"$4/nsswitch.conf" 8<"$4/seccomp"
        shift 4
        exec "$@"
        """;

    // A program that is not there must end as in any shell: 127, not found.
    private const string CommandScript = """exec "$@" """;

    /// <summary>The environment of the chain itself: nothing of the user's.</summary>
    public static IReadOnlyDictionary<string, string> Environment { get; } =
        new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["LANG"] = "C.UTF-8" };

    /// <summary>Program and arguments of the whole chain.</summary>
    /// <param name="request">The command.</param>
    /// <param name="groups">The groups to join; null when limits are by prlimit only.</param>
    /// <param name="work">Overlay's work directory, relative to the state directory.</param>
    /// <param name="status">File for bwrap's status, likewise.</param>
    public List<string> Build(SandboxRequest request, CommandCgroup? groups, string work, string status)
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

        chain.AddRange(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]);
        if (!files.IsRoot)
        {
            chain.AddRange(["--user", "--map-root-user"]);
        }

        chain.AddRange(["--", "/bin/sh", "-c", MountScript, "cairn", request.Root, OverlayOptions(request, work), status, EtcFiles(request)]);
        if (files.IsRoot && request.RootStat.Uid != 0)
        {
            chain.AddRange(
            [
                "setpriv", "--reuid", Number(request.RootStat.Uid), "--regid", Number(request.RootStat.Gid), "--clear-groups",
                "--inh-caps=-all", "--pdeathsig", "KILL", "--",
            ]);
        }

        AddBubblewrap(chain, request);
        return chain;
    }

    private void AddBubblewrap(List<string> chain, SandboxRequest request)
    {
        var command = request.Command;
        var (uid, gid) = InsideIds(request);
        chain.AddRange(
        [
            "bwrap", "--unshare-user", "--uid", Number(uid), "--gid", Number(gid), "--disable-userns",
            "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", "cairn", "--unshare-net", "--unshare-cgroup-try",
            "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", "--json-status-fd", "3", "--seccomp", "8",
        ]);
        SystemMounts.Add(chain, mounts, command.Limits.MemoryBytes);
        foreach (var mount in command.Mounts)
        {
            chain.AddRange(["--ro-bind", mount.Source, mount.Target]);
        }

        chain.AddRange([command.ReadOnly ? "--ro-bind" : "--bind", request.Root, request.Root]);
        if (request.Git is EntryKind.Directory or EntryKind.File)
        {
            chain.AddRange(["--ro-bind", request.Root + "/.git", request.Root + "/.git"]);
        }

        chain.AddRange(["--remount-ro", "/", "--chdir", command.Directory.Length == 0 ? request.Root : $"{request.Root}/{command.Directory}"]);
        var environment = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = Path, ["HOME"] = SystemMounts.Home, ["USER"] = "agent", ["LOGNAME"] = "agent", ["SHELL"] = "/bin/sh",
            ["LANG"] = "C.UTF-8", ["TERM"] = "dumb", ["TMPDIR"] = "/tmp",
        };
        foreach (var (name, value) in command.Environment)
        {
            environment[name] = value;
        }

        foreach (var (name, value) in environment)
        {
            chain.AddRange(["--setenv", name, value]);
        }

        chain.AddRange(["--", "/bin/sh", "-c", CommandScript, "sh", .. command.Arguments]);
    }

    /// <summary>Never 0 inside: a root-owned repository is shown as the agent's own.</summary>
    private (uint Uid, uint Gid) InsideIds(SandboxRequest request) =>
        !files.IsRoot ? (LinuxCalls.EffectiveUser(), LinuxCalls.EffectiveGroup())
        : request.RootStat.Uid == 0 ? (AgentId, AgentId)
        : (request.RootStat.Uid, request.RootStat.Gid == 0 ? AgentId : request.RootStat.Gid);

    private string OverlayOptions(SandboxRequest request, string work)
    {
        // All names are relative to the state directory and plain, so nothing needs escaping and the string stays short.
        var lower = string.Join(':', request.Lower);
        var form = (files.IsRoot ? "" : "userxattr,") + "index=off,metacopy=off,redirect_dir=nofollow,";
        return request.Command.ReadOnly
            ? $"ro,{form}lowerdir={request.Open.Mount}:{lower}"
            : $"volatile,{form}lowerdir={lower},upperdir={request.Open.Mount},workdir={work}";
    }

    private string EtcFiles(SandboxRequest request)
    {
        var (uid, gid) = InsideIds(request);
        var name = $"etc/{Number(uid)}-{Number(gid)}-{FilesVersion}";
        var directory = System.IO.Path.Combine(files.Path, name);
        if (!File.Exists(System.IO.Path.Combine(directory, "seccomp")))
        {
            Directory.CreateDirectory(directory);
            Put("passwd", Encoding.UTF8.GetBytes($"agent:x:{uid}:{gid}:agent:{SystemMounts.Home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"));
            Put("group", Encoding.UTF8.GetBytes($"agent:x:{gid}:\nnogroup:x:65534:\n"));
            Put("hosts", Encoding.UTF8.GetBytes("127.0.0.1 localhost cairn\n::1 localhost\n"));
            Put("nsswitch.conf", Encoding.UTF8.GetBytes("passwd: files\ngroup: files\nhosts: files dns\n"));
            Put("seccomp", SeccompFilter.Program());
        }

        return name;

        void Put(string file, ReadOnlySpan<byte> content)
        {
            var temporary = System.IO.Path.Combine(directory, "+" + file + Guid.NewGuid().ToString("N"));
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, System.IO.Path.Combine(directory, file), true);
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
