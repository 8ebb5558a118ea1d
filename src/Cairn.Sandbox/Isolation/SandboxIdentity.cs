using System.Globalization;
using System.Text;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;

namespace Cairn.Sandbox.Isolation;

/// <summary>Who a command is inside, what it finds in its environment, and how its workspace is mounted: the same with every backend.</summary>
internal sealed class SandboxIdentity(LayerFiles files)
{
    private const string ProgramPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private const uint AgentId = 1000;

    // Counted up when the files below change, so that an older Cairn's are not taken for ours.
    private const int FilesVersion = 3;

    /// <summary>The environment of the programs that make a sandbox: nothing of the user's.</summary>
    public static IReadOnlyDictionary<string, string> Surroundings { get; } =
        new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["LANG"] = "C.UTF-8" };

    /// <summary>Never 0 inside: a root-owned repository is shown as the agent's own.</summary>
    public (uint Uid, uint Gid) Inside(FileStat root) =>
        !files.IsRoot ? (LinuxCalls.EffectiveUser(), LinuxCalls.EffectiveGroup())
        : root.Uid == 0 ? (AgentId, AgentId)
        : (root.Uid, root.Gid == 0 ? AgentId : root.Gid);

    /// <summary>The command's whole environment, sorted by name.</summary>
    public static SortedDictionary<string, string> Environment(SandboxCommand command)
    {
        var environment = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = ProgramPath, ["HOME"] = SystemMounts.Home, ["USER"] = "agent", ["LOGNAME"] = "agent", ["SHELL"] = "/bin/sh",
            ["LANG"] = "C.UTF-8", ["TERM"] = "dumb", ["TMPDIR"] = "/tmp",
        };
        foreach (var (name, value) in command.Environment)
        {
            environment[name] = value;
        }

        return environment;
    }

    /// <summary>The file of a profile's filter, among the sandbox's own files.</summary>
    public static string FilterName(SandboxProfile profile) => "seccomp-" + profile;

    /// <summary>Where the command starts.</summary>
    public static string Directory(SandboxRequest request) =>
        request.Command.Directory.Length == 0 ? request.Root : $"{request.Root}/{request.Command.Directory}";

    /// <param name="request">The command.</param>
    /// <param name="work">Overlay's work directory, relative to the state directory.</param>
    public string OverlayOptions(SandboxRequest request, string work)
    {
        // All names are relative to the state directory and plain, so nothing needs escaping and the string stays short.
        var lower = string.Join(':', request.Lower);
        var form = (files.IsRoot ? "" : "userxattr,") + "index=off,metacopy=off,redirect_dir=nofollow,";
        return request.Command.ReadOnly
            ? $"ro,{form}lowerdir={request.Open.Mount}:{lower}"
            : $"volatile,{form}lowerdir={lower},upperdir={request.Open.Mount},workdir={work}";
    }

    /// <summary>The directory, relative to the state directory, of the few files of /etc that are the sandbox's own, and of the filter.</summary>
    public string OwnFiles(FileStat root)
    {
        var (uid, gid) = Inside(root);
        var name = string.Create(CultureInfo.InvariantCulture, $"etc/{uid}-{gid}-{FilesVersion}");
        var directory = Path.Combine(files.Path, name);
        if (!File.Exists(Path.Combine(directory, FilterName(SandboxProfile.Deploy))))
        {
            System.IO.Directory.CreateDirectory(directory);
            Put("passwd", Encoding.UTF8.GetBytes($"agent:x:{uid}:{gid}:agent:{SystemMounts.Home}:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"));
            Put("group", Encoding.UTF8.GetBytes($"agent:x:{gid}:\nnogroup:x:65534:\n"));
            Put("hosts", Encoding.UTF8.GetBytes("127.0.0.1 localhost cairn\n::1 localhost\n"));
            Put("nsswitch.conf", Encoding.UTF8.GetBytes("passwd: files\ngroup: files\nhosts: files dns\n"));
            foreach (var profile in (SandboxProfile[])[SandboxProfile.Build, SandboxProfile.ReadOnly, SandboxProfile.Deploy])
            {
                Put(FilterName(profile), SeccompFilter.Program(profile));
            }
        }

        return name;

        void Put(string file, ReadOnlySpan<byte> content)
        {
            var temporary = Path.Combine(directory, "+" + file + Guid.NewGuid().ToString("N"));
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, Path.Combine(directory, file), true);
        }
    }
}
