namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>A plain bubblewrap sandbox without system call filter, in which some more is left off on purpose. Tests only.</summary>
/// <param name="Without">Options that it is made without.</param>
/// <param name="With">Options that it has more.</param>
internal sealed record Weakness(string[] Without, string[] With)
{
    private static readonly string[] Options =
    [
        "--die-with-parent", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net", "--unshare-cgroup-try", "--new-session", "--clearenv",
    ];

    /// <summary>Nothing but the system call filter.</summary>
    public static Weakness NoFilter { get; } = new([], []);

    /// <summary>It holds every capability, over what is its own.</summary>
    public static Weakness Capabilities { get; } = new([], ["--cap-add", "ALL"]);

    /// <summary>The machine's root, in the machine's user and pid namespaces.</summary>
    public static Weakness Root { get; } = new(["--unshare-user", "--unshare-pid", "--unshare-cgroup-try"], ["--cap-add", "ALL"]);

    /// <summary>It shares the machine's network.</summary>
    public static Weakness Network { get; } = new(["--unshare-net"], []);

    /// <summary>It gets the caller's environment.</summary>
    public static Weakness Environment { get; } = new(["--clearenv"], []);

    /// <summary>What lies outside is bound too.</summary>
    public static Weakness Outside { get; } = new([], ["--bind", "@OUTSIDE@", "@OUTSIDE@"]);

    /// <summary>The temporary directory is the machine's, in one mount with the repository.</summary>
    public static Weakness OneMount { get; } = new([], ["--bind", "/tmp", "/tmp"]);

    public IEnumerable<string> Command(string repository) =>
    [
        "bwrap", .. Options.Except(Without), "--setenv", "PATH", "/usr/bin:/bin:/usr/sbin:/sbin", "--setenv", "HOME", "/tmp", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
        "--tmpfs", "/tmp", "--bind", repository, repository, .. With, "--chdir", repository, "--",
    ];
}
