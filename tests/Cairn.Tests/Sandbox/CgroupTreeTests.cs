using Cairn.Sandbox.Limits;

namespace Cairn.Tests.Sandbox;

/// <summary>Discovery over a made-up file tree: what the unified hierarchy looks like on machines that have one.</summary>
public sealed class CgroupTreeTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cairn-groups-").FullName;

    public void Dispose() => Directory.Delete(_root, true);

    private string Group(string path, string handedDown)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_root, path)).FullName;
        File.WriteAllText(Path.Combine(directory, "cgroup.subtree_control"), handedDown + "\n");
        return directory;
    }

    [Fact]
    public void Version_2_uses_the_nearest_group_upwards_that_hands_both_controllers_down()
    {
        Group("", "cpu memory pids");
        var slice = Group("user.slice/user-1000.slice", "memory pids");
        Group("user.slice/user-1000.slice/session-3.scope", "");
        var tree = CgroupTree.Discover($"30 23 0:26 / {_root} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n", "0::/user.slice/user-1000.slice/session-3.scope\n");
        Assert.Equal((slice, slice, true), (tree.Memory, tree.Pids, tree.IsVersion2));

        using var groups = tree.Make("owner", RunId.Parse("r"), new SandboxLimits { MemoryBytes = 1000, Pids = 10 })!;
        var join = Assert.Single(groups.JoinFiles);
        var directory = Path.GetDirectoryName(join)!;
        Assert.StartsWith(slice + "/cairn+owner+r+", join, StringComparison.Ordinal);
        Assert.Equal("1000", File.ReadAllText(Path.Combine(directory, "memory.max")));
        Assert.Null(groups.LimitHit());
        File.WriteAllText(Path.Combine(directory, "memory.events"), "max 3\noom 1\noom_kill 1\n");
        Assert.Equal("memory", groups.LimitHit());
        File.Delete(Path.Combine(directory, "memory.events"));
        File.WriteAllText(Path.Combine(directory, "pids.events"), "max 2\n");
        Assert.Equal("pids", groups.LimitHit());
    }

    [Fact]
    public void Nothing_usable_means_no_groups()
    {
        Group("", "cpu");
        var tree = CgroupTree.Discover($"30 23 0:26 / {_root} rw - cgroup2 cgroup2 rw\n", "0::/\n");
        Assert.Equal((null, null), (tree.Memory, tree.Pids));
        Assert.Null(tree.Make("owner", RunId.Parse("r"), new SandboxLimits()));
    }

    [Fact]
    public void Version_1_uses_our_own_group_below_the_mounts_root()
    {
        var own = Group("memory/mine", "");
        var tree = CgroupTree.Discover($"35 31 0:32 /docker/x {_root}/memory rw,relatime - cgroup cgroup rw,memory\n", "4:memory:/docker/x/mine\n0::/\n");
        Assert.Equal((own, null, false), (tree.Memory, tree.Pids, tree.IsVersion2));
    }
}
