using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Limits;

/// <summary>The groups that hold one command's processes, with its limits.</summary>
internal sealed class CommandCgroup : IDisposable
{
    /// <summary>The sandbox's own processes around the command.</summary>
    private const int OwnProcesses = 4;

    private readonly string? _memory;
    private readonly string? _pids;
    private readonly string? _cpu;
    private readonly bool _isVersion2;
    private long _memoryBefore;
    private long _pidsBefore;

    public CommandCgroup(string? memory, string? pids, string? cpu, bool isVersion2, SandboxLimits limits)
    {
        (_memory, _pids, _cpu, _isVersion2) = (memory, pids, cpu, isVersion2);
        if (memory is not null)
        {
            Directory.CreateDirectory(memory);
            Set(memory, isVersion2 ? "memory.max" : "memory.limit_in_bytes", limits.MemoryBytes, true);
            Set(memory, isVersion2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes", isVersion2 ? 0 : limits.MemoryBytes, false);
        }

        if (pids is not null)
        {
            Directory.CreateDirectory(pids);
            Set(pids, "pids.max", limits.Pids + OwnProcesses, true);
        }

        if (cpu is not null)
        {
            Directory.CreateDirectory(cpu);
        }
    }

    /// <summary>The files that a process writes itself into.</summary>
    public IEnumerable<string> JoinFiles => new[] { _memory, _pids, _cpu }.Where(g => g is not null).Distinct().Select(g => g + "/cgroup.procs");

    /// <summary>Begins to count anew: for the next command in the same groups.</summary>
    public void Reset() => (_memoryBefore, _pidsBefore) = (MemoryKills(), PidRefusals());

    /// <summary>The limit that was hit since the beginning; null when none was.</summary>
    public string? LimitHit() => MemoryKills() > _memoryBefore ? "memory" : PidRefusals() > _pidsBefore ? "pids" : null;

    public void Dispose()
    {
        foreach (var group in new[] { _memory, _pids, _cpu }.Distinct())
        {
            try
            {
                if (group is not null)
                {
                    Directory.Delete(group);
                }
            }
            catch (IOException)
            {
                // A process of it is not yet reaped; the next opening of the run removes the group.
            }
        }
    }

    private long MemoryKills() =>
        _memory is null ? 0 : Counter(Path.Combine(_memory, _isVersion2 ? "memory.events" : "memory.oom_control"), "oom_kill");

    private long PidRefusals() => _pids is null ? 0 : Counter(Path.Combine(_pids, "pids.events"), "max");

    private static void Set(string group, string name, long value, bool required)
    {
        var file = Path.Combine(group, name);
        if (required || File.Exists(file))
        {
            File.WriteAllText(file, value.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static long Counter(string file, string name)
    {
        if (!File.Exists(file))
        {
            return 0;
        }

        var line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name + " ", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }
}
