using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cairn.Bench.Retention;
using Cairn.Sandbox;

namespace Cairn.Bench.Layers;

/// <summary>A repository on the real disk, the real store over it, and one run that works in it.</summary>
internal sealed class BenchTree : IAsyncDisposable
{
    private const int MegabyteFiles = 1024 * 1024 / SourceTree.FileBytes;
    private readonly string _root;
    private readonly SourceTree _source;
    private readonly StateStore _state;
    private readonly LayerStore _layers;
    private readonly List<LayerId> _line = [];
    private IWorkspace _run;
    private int _number;

    private BenchTree(string root, SourceTree source)
    {
        (_root, _source) = (root, source);
        _state = StateStore.Open(new PosixDisk(), Path.Combine(root, "state"), TimeProvider.System);
        _layers = new(_state.Directory, _state.Blobs, TimeProvider.System, new() { FlushBodies = _state.Flush, StoresBehind = true });
        _run = _layers.Open(RunId.Parse("rbench"), Repository, null);
    }

    public string Repository => Path.Combine(_root, "repository");

    public int Files => _source.Files;

    /// <summary>The file system can share blocks between files.</summary>
    public bool HasReflinks { get; private init; }

    public static async Task<BenchTree> MakeAsync(string root, int files, CancellationToken cancellationToken)
    {
        const int MostDirty = 1000;
        var source = new SourceTree(Math.Max(1, files / MegabyteFiles), Math.Min(files, MostDirty));
        var repository = Path.Combine(root, "repository");
        Directory.CreateDirectory(repository);
        await ProcessAsync(["git", "-C", repository, "init", "--quiet"], cancellationToken);
        source.Write(repository);
        await ProcessAsync(["git", "-C", repository, "add", "--all"], cancellationToken);
        await ProcessAsync(
            ["git", "-C", repository, "-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "commit", "--quiet", "-m", "bench"], cancellationToken);
        await ProcessAsync(["sync"], cancellationToken);
        using var probe = Process.Start(new ProcessStartInfo("cp", ["--reflink=always", Path.Combine(repository, source.Working[0]), Path.Combine(root, "probe")]) { RedirectStandardError = true })!;
        await probe.WaitForExitAsync(cancellationToken);
        return new(root, source) { HasReflinks = probe.ExitCode == 0 };
    }

    /// <summary>Where a copy goes.</summary>
    public string Scratch(int round) => Path.Combine(_root, "copies", round.ToString(CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        await _run.DisposeAsync();
        _layers.Dispose();
        _state.Dispose();
    }

    /// <summary>Freezes changed files; changing them is not counted.</summary>
    public Task<double> CheckpointAsync(int dirty)
    {
        Change(_run, dirty);
        return TimeAsync(() =>
        {
            Freeze(_run);
            return Task.CompletedTask;
        });
    }

    /// <summary>Opens another run where this one is.</summary>
    public Task<double> ForkAsync(int round, bool withCommand, CancellationToken cancellationToken) =>
        OpenAsync($"rfork{round + 1}", _run.Top, withCommand, cancellationToken);

    /// <summary>Takes the run back one checkpoint and on again.</summary>
    public async Task<double> RollBackAsync(bool withCommand, CancellationToken cancellationToken)
    {
        if (_line.Count < 2)
        {
            await CheckpointAsync(1);
            await CheckpointAsync(1);
        }

        await _run.DisposeAsync();
        var time = await OpenAsync("rbench", _line[^2], withCommand, cancellationToken);
        _run = _layers.Open(RunId.Parse("rbench"), Repository, _line[^1]);
        return time;
    }

    /// <summary>Opens a layer in the middle of the run's stack that nobody looked at since it was left.</summary>
    public Task<double> MiddleAsync(int round, int rounds, CancellationToken cancellationToken) =>
        OpenAsync("rmiddle", _line[Math.Max(0, (_line.Count / 2) - rounds + round)], false, cancellationToken);

    /// <summary>What the newest checkpoint changed.</summary>
    public Task<double> DiffAsync() => TimeAsync(() =>
    {
        _ = _layers.NetChanges(_run.Top, _line.Count > 1 ? _line[^2] : null);
        return Task.CompletedTask;
    });

    /// <summary>Plans and applies what a run changed; changing it is not counted.</summary>
    public async Task<double> MergeAsync(int dirty)
    {
        await using var other = _layers.Open(RunId.Parse("rmerge"), Repository, null);
        Change(other, dirty);
        var top = other.Freeze(LayerId.Parse($"rmerge.{++_number}"))!.Layer;
        return await TimeAsync(() =>
        {
            _layers.ApplyMerge(_layers.PlanMerge(Repository, top));
            return Task.CompletedTask;
        });
    }

    /// <summary>Makes the run's stack so many layers deep at least.</summary>
    public async Task DeepenAsync(int depth)
    {
        while (_line.Count < depth)
        {
            await CheckpointAsync(1);
        }
    }

    /// <summary>Makes a copy and runs a command in it; removing it again is not counted.</summary>
    public async Task<double> CopyAsync(string[] command, int round, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Scratch(round))!);
        var time = await TimeAsync(async () =>
        {
            await ProcessAsync(command, cancellationToken);
            await ProcessAsync(["/bin/true"], cancellationToken);
        });
        await ProcessAsync(["rm", "-rf", Scratch(round)], cancellationToken);
        await ProcessAsync(["git", "-C", Repository, "worktree", "prune"], cancellationToken);
        return time;
    }

    private static async Task<double> TimeAsync(Func<Task> action)
    {
        var before = Stopwatch.GetTimestamp();
        await action();
        return Stopwatch.GetElapsedTime(before).TotalMilliseconds;
    }

    private static async Task ProcessAsync(string[] command, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}: {await error}");
        }
    }

    private async Task<double> OpenAsync(string run, LayerId? top, bool withCommand, CancellationToken cancellationToken)
    {
        IWorkspace? opened = null;
        var time = await TimeAsync(async () =>
        {
            opened = _layers.Open(RunId.Parse(run), Repository, top);
            if (withCommand && (await opened.RunAsync(new SandboxCommand(["/bin/true"]), cancellationToken)).ExitCode != 0)
            {
                throw new InvalidOperationException("/bin/true failed.");
            }
        });
        await opened!.DisposeAsync();
        return time;
    }

    private void Change(IWorkspace workspace, int dirty)
    {
        var line = Encoding.UTF8.GetBytes($"// {++_number}\n");
        foreach (var path in _source.Working.Take(dirty))
        {
            var file = workspace.Read(path, long.MaxValue);
            workspace.Write(path, [.. line, .. file.Content.Span[..SourceTree.FileBytes]], file.Version);
        }
    }

    private void Freeze(IWorkspace workspace) => _line.Add(workspace.Freeze(LayerId.Parse($"rbench.{++_number}"))!.Layer);
}
