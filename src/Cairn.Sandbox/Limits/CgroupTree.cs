using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;

namespace Cairn.Sandbox.Limits;

/// <summary>
/// Where this process may make cgroups, found from /proc/self/mountinfo and /proc/self/cgroup. Version 1 hierarchies
/// are used below our own group; with version 2 it is the nearest group upwards that hands memory and pids down,
/// because a group with processes in it cannot.
/// </summary>
internal sealed class CgroupTree
{
    private const int MaxLeftoverRounds = 400;
    private static readonly TimeSpan LeftoverPause = TimeSpan.FromMilliseconds(5);
    private static readonly Lazy<CgroupTree> Shared = new(() => Discover(File.ReadAllText("/proc/self/mountinfo"), File.ReadAllText("/proc/self/cgroup")));
    private int _next;

    private CgroupTree(string? memory, string? pids, string? cpu, bool isVersion2) => (Memory, Pids, Cpu, IsVersion2) = (memory, pids, cpu, isVersion2);

    public static CgroupTree Current => Shared.Value;

    /// <summary>The directory in which memory groups are made; null when there is none that we may use.</summary>
    public string? Memory { get; }

    /// <summary>The directory in which pid groups are made; null when there is none.</summary>
    public string? Pids { get; }

    /// <summary>
    /// The directory in which groups for a fair share of the processors are made, so that a command counts as one however
    /// many processes it starts; null when there is none. With version 2 it is that of memory and pids.
    /// </summary>
    public string? Cpu { get; }

    /// <summary>Memory and pids are the same directory of the unified hierarchy.</summary>
    public bool IsVersion2 { get; }

    public static CgroupTree Discover(string mountInfo, string ownGroups)
    {
        string? memory = null, pids = null, cpu = null, unified = null;
        foreach (var line in mountInfo.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var halves = line.Split(" - ");
            var left = halves[0].Split(' ');
            var right = halves.Length > 1 ? halves[1].Split(' ') : [];
            if (right.Length < 3 || left.Length < 5)
            {
                continue;
            }

            var options = right[2].Split(',');
            if (right[0] == "cgroup2")
            {
                unified ??= Own(left, ownGroups, "");
            }
            else if (right[0] == "cgroup")
            {
                memory ??= options.Contains("memory") ? Usable(Own(left, ownGroups, "memory")) : null;
                pids ??= options.Contains("pids") ? Usable(Own(left, ownGroups, "pids")) : null;
                cpu ??= options.Contains("cpu") ? Usable(Own(left, ownGroups, "cpu")) : null;
            }
        }

        var delegated = memory is null && pids is null ? Delegating(unified) : null;
        return new(memory ?? delegated, pids ?? delegated, delegated is null ? cpu : null, delegated is not null);
    }

    /// <summary>Makes the groups for one command; null when neither limit can be enforced.</summary>
    public CommandCgroup? Make(string owner, RunId run, SandboxLimits limits)
    {
        if (Memory is null && Pids is null)
        {
            return null;
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"{Prefix(owner, run)}{Environment.ProcessId}-{Interlocked.Increment(ref _next)}");
        return new(Memory is null ? null : Path.Combine(Memory, name), Pids is null ? null : Path.Combine(Pids, name), Cpu is null ? null : Path.Combine(Cpu, name), IsVersion2, limits);
    }

    /// <summary>Kills what a crashed process left running for a run, and removes its groups.</summary>
    public void KillLeftovers(string owner, RunId run)
    {
        foreach (var parent in new[] { Memory, Pids, Cpu }.Distinct())
        {
            foreach (var group in parent is null ? [] : Directory.EnumerateDirectories(parent, Prefix(owner, run) + "*").ToList())
            {
                KillAll(group);
            }
        }
    }

    // '+' cannot stand in a run id, so one run's name is never the beginning of another's.
    // The owner is the state directory: two of them may well have a run of the same name.
    private static string Prefix(string owner, RunId run) => $"cairn+{owner}+{run}+";

    private static void KillAll(string group)
    {
        using var pause = new ManualResetEventSlim();
        for (var round = 0; round < MaxLeftoverRounds; round++)
        {
            try
            {
                var processes = File.ReadAllLines(Path.Combine(group, "cgroup.procs"));
                foreach (var process in processes)
                {
                    _ = LinuxCalls.Kill(int.Parse(process, CultureInfo.InvariantCulture), 9);
                }

                Directory.Delete(group);
                return;
            }
            catch (IOException)
            {
                // Still dying: the group can be removed when its last process is gone.
                pause.Wait(LeftoverPause);
            }
            catch (UnauthorizedAccessException)
            {
                return;
            }
        }

        throw new WorkspaceException(FileProblem.Io, $"Processes that an earlier Cairn left in '{group}' do not die; the run cannot be opened beside them.");
    }

    /// <summary>Our own group as a path: the mount's root is cut off, since it may itself show a part of the tree only.</summary>
    private static string? Own(string[] mount, string ownGroups, string controller)
    {
        foreach (var line in ownGroups.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(':', 3);
            if (parts.Length == 3 && parts[1].Split(',').Contains(controller))
            {
                var root = mount[3].TrimEnd('/');
                var own = parts[2].StartsWith(root, StringComparison.Ordinal) ? parts[2][root.Length..] : "";
                return mount[4] + own.TrimEnd('/');
            }
        }

        return null;
    }

    private static string? Delegating(string? group)
    {
        for (var at = group; at is not null && File.Exists(Path.Combine(at, "cgroup.subtree_control")); at = Path.GetDirectoryName(at))
        {
            var handedDown = File.ReadAllText(Path.Combine(at, "cgroup.subtree_control")).Split([' ', '\n']);
            if (handedDown.Contains("memory") && handedDown.Contains("pids"))
            {
                return Usable(at);
            }
        }

        return null;
    }

    private static string? Usable(string? group)
    {
        try
        {
            var trial = Path.Combine(group ?? "", string.Create(CultureInfo.InvariantCulture, $"cairn+trial+{Environment.ProcessId}"));
            if (group is null || !Directory.Exists(group))
            {
                return null;
            }

            Directory.CreateDirectory(trial);
            Directory.Delete(trial);
            return group;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
