using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation.Box;
using Cairn.Sandbox.Isolation.Bubblewrap;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Isolation;

/// <summary>Runs commands in sandboxes. When none can be made it refuses; nothing ever runs outside one.</summary>
internal sealed class SandboxRunner(TimeProvider time, ISandboxBackend backend, Func<ISandboxBackend> flexible) : IDisposable
{
    /// <summary>As a shell counts a process that signal 9 ended.</summary>
    private const int Killed = 137;

    /// <summary>Likewise for SIGXCPU.</summary>
    private const int CpuTimeOver = 152;

    /// <summary>For what warm sandboxes do not do: mounts in any place, and processes that somebody talks to.</summary>
    private readonly Lazy<ISandboxBackend> _flexible = new(flexible);

    /// <summary>The fastest backend that this machine and installation have.</summary>
    public static ISandboxBackend Choose(LayerFiles files, ImmutableArray<SandboxMount> mounts, string? named) => named switch
    {
        null => BoxBackend.IsUsable ? new BoxBackend(files, mounts) : new BubblewrapBackend(files, mounts),
        "box" => new BoxBackend(files, mounts),
        "bubblewrap" => new BubblewrapBackend(files, mounts),
        _ => throw new WorkspaceException(FileProblem.NotFound, $"There is no sandbox backend '{named}'; there are: box, bubblewrap. Set CAIRN_SANDBOX to one of them, or to nothing for the fastest."),
    };

    public string Backend => backend.Name;

    /// <summary>The command can share the workspace that the run's shells have mounted.</summary>
    public bool CanShare(SandboxCommand command) => BackendOf(command).CanShare;

    public async Task<SandboxResult> RunAsync(SandboxRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Check(request.Command);
        request = request with { Command = WithCpuLimit(Narrowed(request.Command)) };
        var command = request.Command;
        var started = time.GetTimestamp();
        using var wall = new CancellationTokenSource(command.Limits.Wall, time);
        using var process = await StartAsync(BackendOf(command), request, cancellationToken);
        var listener = Listener(command.OnOutput, () => wall.IsCancellationRequested);
        var output = new OutputCapture(command.Limits.OutputBytes, listener);
        var error = new OutputCapture(command.Limits.OutputBytes, listener);
        await using var watch = LayerWatch.Start(command, request.Open, time, process.Kill);
        SandboxExit exit;
        using (wall.Token.Register(process.Kill))
        using (cancellationToken.Register(process.Kill))
        {
            var input = FeedAsync(process.Input, command.Input);
            await Task.WhenAll(output.ReadAsync(process.Output), error.ReadAsync(process.Error));
            exit = await process.WaitAsync();
            await input;
        }

        cancellationToken.ThrowIfCancellationRequested();
        var elapsed = time.GetElapsedTime(started);
        var timedOut = wall.IsCancellationRequested && exit.ExitCode != 0;
        var full = watch?.Hit;
        if (exit.ExitCode is null && !timedOut && full is null)
        {
            throw Refusal(exit.Failure ?? error.Text().Trim(), null);
        }

        string?[] hit =
        [
            timedOut ? "wall time" : null, full, exit.LimitHit,
            command.Limits.CpuSeconds is not null && exit.ExitCode == CpuTimeOver ? "CPU time" : null, output.IsCut || error.IsCut ? "output" : null,
        ];
        var limits = hit.OfType<string>().Distinct().ToImmutableArray();
        return new(exit.ExitCode ?? Killed, output.Text(), Without(exit.Complaint, error.Text()), elapsed, limits.FirstOrDefault())
        {
            LimitsHit = limits, Processes = exit.Processes,
        };
    }

    /// <summary>Starts a process that lives until it is disposed or stopped.</summary>
    /// <param name="request">What to start.</param>
    /// <param name="release">Called when it and all that it started are gone; not when it could not be started.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<ISandboxProcess> StartAsync(SandboxRequest request, Action release, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        Check(request.Command);
        var process = await StartAsync(_flexible.Value, request with { Command = WithCpuLimit(Narrowed(request.Command)), IsWatched = false }, stop);
        var watch = LayerWatch.Start(request.Command, request.Open, time, process.Kill);
        return new LiveProcess(process, watch, release, stop);
    }

    public void Dispose()
    {
        backend.Dispose();
        if (_flexible.IsValueCreated)
        {
            _flexible.Value.Dispose();
        }
    }

    private ISandboxBackend BackendOf(SandboxCommand command) => backend.Takes(command) ? backend : _flexible.Value;

    private static async Task<SandboxedProcess> StartAsync(ISandboxBackend chosen, SandboxRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await chosen.StartAsync(request, cancellationToken);
        }
        catch (SandboxFailure e)
        {
            throw Refusal(e.Message, e);
        }
    }

    /// <summary>The parts of a profile that are mounts: the workspace is read-only, and nothing in it is a program.</summary>
    private static SandboxCommand Narrowed(SandboxCommand command) =>
        command.Profile == SandboxProfile.Build ? command : command with { ReadOnly = true, NoExec = true };

    /// <summary>A limit of the process itself, which it passes on and cannot raise; a second later it is killed.</summary>
    public static SandboxCommand WithCpuLimit(SandboxCommand command) => command.Limits.CpuSeconds is not { } seconds
        ? command
        : command with { Arguments = ["/bin/sh", "-c", "ulimit -St \"$0\" && ulimit -Ht \"$1\" || exit 125; shift; exec \"$@\"", $"{seconds}", $"{seconds + 1L}", .. command.Arguments] };

    private static async Task FeedAsync(Stream? stream, ReadOnlyMemory<byte> input)
    {
        if (stream is null)
        {
            return;
        }

        try
        {
            await using (stream)
            {
                await stream.WriteAsync(input, CancellationToken.None);
            }
        }
        catch (IOException)
        {
            // The command need not read its input.
        }
    }

    private static string Without(string? complaint, string error) =>
        complaint is not null && error.EndsWith(complaint, StringComparison.Ordinal) ? error[..^complaint.Length] : error;

    private static Action<string>? Listener(Action<string>? told, Func<bool> killed)
    {
        if (told is null)
        {
            return null;
        }

        var gate = new Lock();
        return text =>
        {
            lock (gate)
            {
                if (!killed())
                {
                    told(text);
                }
            }
        };
    }

    private static void Check(SandboxCommand command)
    {
        if (command.Arguments.IsDefaultOrEmpty || command.Arguments[0].Length == 0)
        {
            throw new WorkspaceException(FileProblem.NotFound, "A command needs a program.");
        }

        if (command.Arguments.Concat(command.Environment.Keys).Concat(command.Environment.Values).Append(command.Directory).Any(t => t.Contains('\0', StringComparison.Ordinal))
            || command.Environment.Keys.Any(k => k.Length == 0 || k.Contains('=', StringComparison.Ordinal)))
        {
            throw new WorkspaceException(FileProblem.WrongKind, "Arguments and variables cannot hold NUL, names of variables no '='.");
        }
    }

    private static WorkspaceException Refusal(string why, Exception? inner) =>
        new(FileProblem.Io, $"The sandbox could not be made, so nothing was run: {why} (`cairn doctor` names the mend.)", inner);
}
