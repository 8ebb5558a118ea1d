namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>An attempt to get out, for bash.</summary>
/// <param name="Name">What is tried.</param>
/// <param name="Script">The attempt; prints the mark when it worked.</param>
/// <param name="Weakness">Where it works.</param>
/// <param name="NeedsRoot">It can only be shown to work by root.</param>
internal sealed record Probe(string Name, string Script, Weakness Weakness, bool NeedsRoot = false);

/// <summary>The attempts.</summary>
internal static class Probes
{
    public static readonly Probe[] All =
    [
        // Files of the outside.
        new("read a file outside", "cat @CANARY@", Weakness.Outside),
        new("write a file outside", "echo mine > @OUTSIDE@/mine && echo ESCAPED", Weakness.Outside),
        new("read through a link", "ln -s @CANARY@ link && cat link", Weakness.Outside),
        new("a hard link to a file outside", "ln @CANARY@ stolen && cat stolen", Weakness.OneMount with { With = ["--bind", "/tmp", "/tmp", "--chdir", "/tmp"] }),
        new("the root of another process", "for p in /proc/[0-9]*; do cat $p/root@CANARY@ 2>/dev/null && exit; done", Weakness.Root, true),
        new("a script of npm", """echo '{"scripts":{"preinstall":"cat @CANARY@"}}' > package.json; npm install --offline --foreground-scripts --no-audit --cache /tmp/npm""", Weakness.Outside),

        // Processes of the outside.
        new("trace a process outside", "./probe ptrace @VICTIM@", Weakness.Root, true),
        new("signal a process outside", "kill -0 @VICTIM@ && echo ESCAPED", Weakness.Root, true),
        new("the environment of processes outside", "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -a ^CAIRN_HOSTILE", Weakness.Root, true),
        new("the environment of its own", "env", Weakness.Environment),

        // The kernel's interfaces.
        new("mount", "mkdir -p m && mount -t tmpfs none m && echo ESCAPED", Weakness.Capabilities),
        new("the new mount interface", "./probe open_tree", Weakness.Capabilities),
        new("pivot_root", "./probe pivot", Weakness.Capabilities),
        new("chroot", "./probe chroot", Weakness.Capabilities),
        new("a device node", "mknod zero c 1 5 && head -c 1 zero >/dev/null && echo ESCAPED", new(["--unshare-user"], ["--cap-add", "ALL", "--dev-bind", "@REPO@", "@REPO@"]), true),
        new("a new user namespace", "unshare -U true && echo ESCAPED", Weakness.NoFilter),
        new("a new user namespace by clone", "./probe clone", Weakness.NoFilter),
        new("a new user namespace by clone3", "./probe clone3", Weakness.NoFilter),
        new("kernel keyrings", "./probe keyring", Weakness.NoFilter),
        new("io_uring", "./probe io_uring", Weakness.NoFilter),
        new("typing into a terminal", "./probe tiocsti", Weakness.NoFilter),
        new("the pattern of core files", "cat /proc/sys/kernel/core_pattern > /tmp/p && cat /tmp/p > /proc/sys/kernel/core_pattern && echo ESCAPED", Weakness.Root, true),
        new(
            "the release agent of a cgroup",
            "mkdir /tmp/cg; mount -t cgroup -o $(cut -d: -f2 /proc/self/cgroup | grep -v -e = -e '^$' | head -1) none /tmp/cg && cat /tmp/cg/release_agent > /tmp/p && cat /tmp/p > /tmp/cg/release_agent && echo ESCAPED",
            Weakness.Root,
            true),
        new("out of its own cgroup", "for f in $(find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs); do echo $$ > $f && echo ESCAPED && exit; done 2>/dev/null", Weakness.Root with { With = ["--cap-add", "ALL", "--bind", "/sys/fs/cgroup", "/sys/fs/cgroup"] }, true),

        // Sockets of the outside.
        new("a port of the machine's loopback", "exec 9<>/dev/tcp/127.0.0.1/@PORT@ && echo ESCAPED", Weakness.Network),
        new("an abstract socket", "./probe abstract @ABSTRACT@", Weakness.Network),
        new("a socket outside", "./probe unix @OUTSIDE@/s", Weakness.Outside),
        new("a socket in the repository", "./probe unix @REPO@/host.sock", Weakness.NoFilter),
        new("a socket in .git", "./probe unix @REPO@/.git/host.sock", Weakness.NoFilter),
    ];
}
