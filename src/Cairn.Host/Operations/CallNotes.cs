using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>What the commands of one call did, gathered while it runs. Safe for use by several commands at once.</summary>
internal sealed class CallNotes
{
    private readonly Lock _gate = new();
    private readonly List<ProcessUse> _processes = [];
    private readonly List<string> _limits = [];
    private int _leftOut;
    private long? _cpu;
    private long? _peak;
    private bool _unwatched;

    public void Add(SandboxResult result)
    {
        lock (_gate)
        {
            _limits.AddRange(result.LimitsHit);
            if (result.Processes is not { } seen)
            {
                _unwatched = true;
                return;
            }

            // The numbers go on from command to command.
            var before = _processes.Count;
            var room = Math.Min(seen.Listed.Length, CallEffects.MaxProcesses - before);
            _processes.AddRange(seen.Listed.Take(room).Select(p => p with { Number = p.Number + before, Parent = p.Parent == 0 ? 0 : p.Parent + before }));
            _leftOut += seen.LeftOut + seen.Listed.Length - room;
            _cpu = seen.CpuMicroseconds is { } cpu ? (_cpu ?? 0) + cpu : _cpu;
            _peak = seen.PeakKilobytes is { } peak ? Math.Max(_peak ?? 0, peak) : _peak;
        }
    }

    /// <summary>Everything together; null when there is nothing to tell.</summary>
    /// <param name="changes">The paths that the call changed.</param>
    /// <param name="limit">A limit that the tool itself named.</param>
    public CallEffects? Effects(ImmutableArray<PathChange>? changes, string? limit)
    {
        lock (_gate)
        {
            string[] limits = [.. _limits.Concat(limit is null ? [] : [limit]).Distinct()];
            CallEffects effects = new()
            {
                Files = changes is { Length: > 0 } all ? [.. all.Take(CallEffects.MaxFiles)] : null,
                FilesLeftOut = Positive((changes?.Length ?? 0) - CallEffects.MaxFiles),
                Processes = _processes.Count == 0 ? null : [.. _processes],
                ProcessesLeftOut = Positive(_leftOut),
                CpuMilliseconds = _cpu / 1000,
                PeakKilobytes = _peak,
                Limits = limits.Length == 0 ? null : [.. limits],
                Unwatched = _unwatched ? true : null,
            };
            return effects.IsEmpty ? null : effects;
        }
    }

    private static int? Positive(int number) => number > 0 ? number : null;
}
