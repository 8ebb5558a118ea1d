using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Isolation;

/// <summary>The read-only system that a command sees: programs, libraries and the few files of /etc that they need.</summary>
internal static class SystemMounts
{
    public const string Home = "/home/agent";

    /// <summary>Host names, keys, users and passwords are not among them: /etc/ssl/private stays out with the rest of /etc/ssl.</summary>
    private static readonly ImmutableArray<string> Configuration =
    [
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "ca-certificates.conf",
        "pki/tls/certs", "localtime", "timezone", "mime.types", "magic", "protocols", "services", "os-release", "debian_version", "terminfo",
        "inputrc", "fonts", "dotnet", "perl", "python3", "python3.11", "python3.12",
    ];

    /// <summary>
    /// Kernel settings that the root user of the machine may write without any capability: a command over a root-owned
    /// repository has that user's identity outside, and `/proc/sys/kernel/core_pattern` alone would let it out.
    /// bubblewrap's own cover misses them, because it only looks at the directories' permission bits.
    /// </summary>
    private static readonly ImmutableArray<string> KernelSettings = ["sys", "sysrq-trigger", "irq", "bus", "fs", "driver", "tty", "dynamic_debug"];

    private static readonly ImmutableArray<string> KernelSecrets =
    [
        "kcore", "kmsg", "keys", "key-users", "latency_stats", "timer_list", "sched_debug", "slabinfo", "vmallocinfo", "kpagecount", "kpageflags",
        "kpagecgroup", "kallsyms", "mtrr", "config.gz", "pagetypeinfo",
    ];

    private static readonly ImmutableArray<string> KernelSecretTrees = ["acpi", "asound", "scsi"];

    private static readonly ImmutableArray<string> Own = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/proc", "/dev", "/tmp", "/run", "/var/tmp", Home, "/"];

    /// <exception cref="WorkspaceException">When the workspace would lie over a part of the sandbox's own system.</exception>
    public static void CheckRepository(string root)
    {
        foreach (var own in Own)
        {
            if (own == root || own.StartsWith(root + "/", StringComparison.Ordinal) || root.StartsWith("/proc/", StringComparison.Ordinal) || root.StartsWith("/dev/", StringComparison.Ordinal))
            {
                throw new WorkspaceException(FileProblem.WrongKind, $"'{root}' holds a part of the system that every sandbox needs ('{own}'); name a project directory.");
            }
        }
    }

    /// <summary>bwrap's arguments for all but the workspace itself; cairn-box reads the same.</summary>
    /// <param name="arguments">Takes them.</param>
    /// <param name="mounts">What of the machine is shown beside the system.</param>
    /// <param name="temporaryBytes">The most bytes in each of the temporary directories.</param>
    /// <param name="ownFiles">The directory of the sandbox's own files of /etc; null when they come as descriptors 4 to 7.</param>
    public static void Add(List<string> arguments, ImmutableArray<SandboxMount> mounts, long temporaryBytes, string? ownFiles)
    {
        arguments.AddRange("--ro-bind", "/usr", "/usr");
        foreach (var name in (string[])["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"])
        {
            var info = new DirectoryInfo(name);
            if (info.LinkTarget is { } target)
            {
                arguments.AddRange("--symlink", target, name);
            }
            else if (info.Exists)
            {
                arguments.AddRange("--ro-bind", name, name);
            }
        }

        foreach (var name in Configuration)
        {
            arguments.AddRange("--ro-bind-try", "/etc/" + name, "/etc/" + name);
        }

        foreach (var (descriptor, name) in new[] { ("4", "passwd"), ("5", "group"), ("6", "hosts"), ("7", "nsswitch.conf") })
        {
            arguments.AddRange(ownFiles is null ? ["--file", descriptor, "/etc/" + name] : ["--ro-bind", $"{ownFiles}/{name}", "/etc/" + name]);
        }

        arguments.AddRange("--proc", "/proc", "--dev", "/dev");
        CoverKernel(arguments);
        var size = temporaryBytes.ToString(System.Globalization.CultureInfo.InvariantCulture);
        foreach (var (path, mode) in new[] { ("/tmp", "1777"), ("/run", "0755"), ("/var/tmp", "1777"), (Home, "0700") })
        {
            arguments.AddRange("--perms", mode, "--size", size, "--tmpfs", path);
        }

        foreach (var mount in mounts)
        {
            if (Directory.Exists(mount.Path) || File.Exists(mount.Path))
            {
                arguments.AddRange("--ro-bind", mount.Path, mount.Path);
            }
            else if (mount.Required)
            {
                throw new WorkspaceException(FileProblem.NotFound, $"The sandbox needs '{mount.Path}', which does not exist.");
            }
        }
    }

    private static void CoverKernel(List<string> arguments)
    {
        foreach (var name in KernelSettings)
        {
            arguments.AddRange("--ro-bind-try", "/proc/" + name, "/proc/" + name);
        }

        foreach (var name in KernelSecrets.Where(n => File.Exists("/proc/" + n)))
        {
            arguments.AddRange("--ro-bind", "/dev/null", "/proc/" + name);
        }

        foreach (var name in KernelSecretTrees.Where(n => Directory.Exists("/proc/" + n)))
        {
            arguments.AddRange("--tmpfs", "/proc/" + name, "--remount-ro", "/proc/" + name);
        }
    }

    private static void AddRange(this List<string> list, params ReadOnlySpan<string> items)
    {
        foreach (var item in items)
        {
            list.Add(item);
        }
    }
}
