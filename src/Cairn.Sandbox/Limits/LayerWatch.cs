using System.Diagnostics;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Limits;

/// <summary>
/// Looks, while a command runs, at how much it put into the open layer, and kills it when that is too much. File systems
/// only keep such a limit for users and projects, not for a directory; looking costs at most a tenth of one core, and
/// nothing for a short command. What was written since the last look is more than the limit: some hundred megabytes.
/// </summary>
internal sealed class LayerWatch : IAsyncDisposable
{
    /// <summary>Deeper directories are not looked at: nothing that a project needs nests like this, and nothing could remove it in one go.</summary>
    internal const int MaxDepth = 512;

    /// <summary>An empty file takes room too: its name, its inode.</summary>
    private const int LeastBytes = 4096;

    /// <summary>The most that is kept free on the disk for everybody else.</summary>
    private const long MaxReserve = 256L << 20;

    private const int ReserveShare = 50;
    private const int CostFactor = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly DirectoryHandle _tree;
    private readonly long _limit;
    private readonly Action _kill;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly long _reserve;
    private readonly ITimer _first;
    private Task _watching = Task.CompletedTask;

    private LayerWatch(DirectoryHandle tree, long limit, TimeProvider time, Action kill)
    {
        (_tree, _limit, _time, _kill) = (tree, limit, time, kill);
        _reserve = Reserve();

        // Most commands end before the first look: all that they pay for is a timer.
        _first = time.CreateTimer(_ => Begin(), null, Pause, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The limit that was hit; null when none was.</summary>
    public string? Hit { get; private set; }

    /// <summary>Begins to watch; null for a command that cannot write.</summary>
    public static LayerWatch? Start(SandboxCommand command, OpenLayer layer, TimeProvider time, Action kill) =>
        command.ReadOnly ? null : Start(command.Limits, layer, time, kill);

    /// <summary>Begins to watch whatever writes the layer.</summary>
    public static LayerWatch Start(SandboxLimits limits, OpenLayer layer, TimeProvider time, Action kill) => new(layer.Tree, limits.DiskBytes, time, kill);

    public async ValueTask DisposeAsync()
    {
        await End();
        _end.Dispose();
    }

    /// <returns>Completes when nobody looks any more.</returns>
    private Task End()
    {
        lock (_gate)
        {
            _end.Cancel();
            _first.Dispose();
            return _watching;
        }
    }

    private void Begin()
    {
        lock (_gate)
        {
            if (!_end.IsCancellationRequested)
            {
                _watching = Task.Run(WatchAsync);
            }
        }
    }

    private async Task WatchAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            var start = Stopwatch.GetTimestamp();
            Hit = Free() < _reserve ? "disk" : Look();
            if (Hit is not null)
            {
                _kill();
                return;
            }

            var cost = Stopwatch.GetElapsedTime(start) * CostFactor;
            await Task.Delay(cost > Pause ? cost : Pause, _time, _end.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>What must stay free; 0 on a disk that is that full already, which is nothing that this command did.</summary>
    private long Reserve()
    {
        var reserve = Math.Min(MaxReserve, new DriveInfo(_tree.Name).TotalSize / ReserveShare);
        return Free() > reserve ? reserve : 0;
    }

    private long Free() => new DriveInfo(_tree.Name).AvailableFreeSpace;

    private string? Look()
    {
        var bytes = 0L;
        try
        {
            return Add(_tree.Handle, ref bytes, 0);
        }
        catch (WorkspaceException)
        {
            // It is at work there: what was just listed may be gone. The next look sees what is left.
            return null;
        }
    }

    private string? Add(SafeFileHandle directory, ref long bytes, int depth)
    {
        using var listing = Open(directory, ".");
        foreach (var name in listing is null ? [] : DirectoryHandle.Names(listing, _tree.Name))
        {
            var raw = FileNames.Encode(name);
            if (LinuxCalls.Stat(directory, raw, LinuxCalls.NoFollowFlag, DirectoryHandle.BasicMask, out var s) != 0)
            {
                continue;
            }

            // A file with several names counts once.
            bytes += Math.Max((long)s.Blocks * 512, LeastBytes) / Math.Max(1, FileStat.From(s).Kind == EntryKind.Directory ? 1 : s.Links);
            if (bytes > _limit || _end.IsCancellationRequested)
            {
                return bytes > _limit ? "disk" : null;
            }

            if (FileStat.From(s).Kind == EntryKind.Directory && Below(directory, name, ref bytes, depth + 1) is { } hit)
            {
                return hit;
            }
        }

        return null;
    }

    private string? Below(SafeFileHandle directory, string name, ref long bytes, int depth)
    {
        if (depth > MaxDepth)
        {
            return "depth of directories";
        }

        using var child = Open(directory, name);
        return child is null ? null : Add(child, ref bytes, depth);
    }

    private static SafeFileHandle? Open(SafeFileHandle directory, string name)
    {
        var fd = LinuxCalls.OpenAt(directory, FileNames.Encode(name), LinuxCalls.ReadOnly | LinuxCalls.Directory | LinuxCalls.NoFollow | LinuxCalls.CloseOnExec, 0);
        return fd < 0 ? null : new(fd, true);
    }
}
