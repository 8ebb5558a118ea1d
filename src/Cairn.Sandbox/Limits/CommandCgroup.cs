using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Limits;

/// <summary>The groups that hold one command's processes, with its limits.</summary>
internal sealed class CommandCgroup : IDisposable
{
    /// <summary>The sandbox's own processes around the command.</summary>
    private const int OwnProcesses = 4;

    private const int EventBytes = 1024;

    private readonly string? _memory;
    private readonly string? _pids;
    private readonly string? _cpu;
    private readonly string? _memoryEvents;
    private readonly string? _pidsEvents;
    private long _memoryBefore;
    private long _pidsBefore;

    public CommandCgroup(string? memory, string? pids, string? cpu, bool isVersion2, SandboxLimits limits)
    {
        (_memory, _pids, _cpu) = (memory, pids, cpu);
        _memoryEvents = memory is null ? null : Path.Combine(memory, isVersion2 ? "memory.events" : "memory.oom_control");
        _pidsEvents = pids is null ? null : Path.Combine(pids, "pids.events");
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

    private long MemoryKills() => Counter(_memoryEvents, "oom_kill "u8);

    private long PidRefusals() => Counter(_pidsEvents, "max "u8);

    private static void Set(string group, string name, long value, bool required)
    {
        var file = Path.Combine(group, name);
        if (required || File.Exists(file))
        {
            File.WriteAllText(file, value.ToString(CultureInfo.InvariantCulture));
        }
    }

    // Read twice for each command: without a reader of lines around it.
    private static long Counter(string? path, ReadOnlySpan<byte> name)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> text = stackalloc byte[EventBytes];
        var rest = (ReadOnlySpan<byte>)text[..RandomAccess.Read(file, text, 0)];
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            if (line.StartsWith(name))
            {
                return long.Parse(line[name.Length..], CultureInfo.InvariantCulture);
            }

            rest = end < 0 ? [] : rest[(end + 1)..];
        }

        return 0;
    }
}
