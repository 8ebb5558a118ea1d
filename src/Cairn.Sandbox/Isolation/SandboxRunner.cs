using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Isolation;

/// <summary>Runs commands in sandboxes. When none can be made it refuses; nothing ever runs outside one.</summary>
internal sealed class SandboxRunner(LayerFiles files, TimeProvider time, ImmutableArray<SandboxMount> mounts) : IDisposable
{
    private const int KillSignal = 9;

    // util-linux's unshare wants to die of the signal that its child died of, and cannot set SIGKILL's handler before.
    private const string Complaint = "unshare: sigprocmask unblock failed: Invalid argument\n";

    private readonly SandboxChain _chain = new(files, mounts);
    private readonly ProcessLauncher _launcher = new();

    public async Task<SandboxResult> RunAsync(SandboxRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Check(request.Command);
        var work = request.Open.Scratch("w");
        var status = request.Open.Scratch("s");
        Directory.CreateDirectory(Path.Combine(files.Path, work));
        using var groups = MakeGroups(request);
        try
        {
            return await RunAsync(request, groups, work, status, cancellationToken);
        }
        finally
        {
            TreeRemoval.Remove(files.State, work);
            TreeRemoval.Remove(files.State, status);
        }
    }

    /// <summary>Starts a process that lives until it is disposed or stopped.</summary>
    /// <param name="request">What to start.</param>
    /// <param name="release">Called when it and all that it started are gone; not when it could not be started.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<ISandboxProcess> StartAsync(SandboxRequest request, Action release, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        Check(request.Command);
        var work = request.Open.Scratch("w");
        var status = request.Open.Scratch("s");
        Directory.CreateDirectory(Path.Combine(files.Path, work));
        var groups = MakeGroups(request);
        try
        {
            var process = await StartAsync(_chain.Build(request, groups, work, status));
            return new LiveProcess(
                process.StandardInput.BaseStream, process.StandardOutput.BaseStream, process.StandardError.BaseStream,
                () => Kill(process),
                async () =>
                {
                    await process.WaitForExitAsync(CancellationToken.None);
                    CleanUp();
                    release();
                },
                process.Dispose,
                stop);
        }
        catch
        {
            CleanUp();
            throw;
        }

        void CleanUp()
        {
            groups?.Dispose();
            TreeRemoval.Remove(files.State, work);
            TreeRemoval.Remove(files.State, status);
        }
    }

    public void Dispose() => _launcher.Dispose();

    private CommandCgroup? MakeGroups(SandboxRequest request)
    {
        try
        {
            return CgroupTree.Current.Make(files.Owner, request.Run, request.Command.Limits);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refusal($"its limits cannot be set: {e.Message}", e);
        }
    }

    private async Task<SandboxResult> RunAsync(
        SandboxRequest request, CommandCgroup? groups, string work, string status, CancellationToken cancellationToken)
    {
        var command = request.Command;
        var started = time.GetTimestamp();
        using var wall = new CancellationTokenSource(command.Limits.Wall, time);
        using var process = await StartAsync(_chain.Build(request, groups, work, status));
        var listener = Listener(command.OnOutput, () => wall.IsCancellationRequested);
        var output = new OutputCapture(command.Limits.OutputBytes, listener);
        var error = new OutputCapture(command.Limits.OutputBytes, listener);
        using (wall.Token.Register(() => Kill(process)))
        using (cancellationToken.Register(() => Kill(process)))
        {
            var input = FeedAsync(process, command.Input);
            await Task.WhenAll(output.ReadAsync(process.StandardOutput.BaseStream), error.ReadAsync(process.StandardError.BaseStream));
            await process.WaitForExitAsync(CancellationToken.None);
            await input;
        }

        cancellationToken.ThrowIfCancellationRequested();
        var elapsed = time.GetElapsedTime(started);
        var timedOut = wall.IsCancellationRequested && process.ExitCode != 0;
        var exit = ExitCode(Path.Combine(files.Path, status));
        if (exit is null && !timedOut && groups?.LimitHit() is null)
        {
            throw Refusal(error.Text().Trim(), null);
        }

        var hit = timedOut ? "wall time" : groups?.LimitHit() ?? (output.IsCut || error.IsCut ? "output" : null);
        return new(exit ?? process.ExitCode, output.Text(), exit is null ? WithoutComplaint(error.Text()) : error.Text(), elapsed, hit);
    }

    private async Task<Process> StartAsync(List<string> chain)
    {
        try
        {
            return await _launcher.StartAsync(chain, files.Path, SandboxChain.Environment);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw Refusal(e.Message, e);
        }
    }

    private static async Task FeedAsync(Process process, ReadOnlyMemory<byte> input)
    {
        try
        {
            await using var stream = process.StandardInput.BaseStream;
            await stream.WriteAsync(input, CancellationToken.None);
        }
        catch (IOException)
        {
            // The command need not read its input.
        }
    }

    /// <summary>
    /// Kills the first process of the outer pid namespace: the kernel then kills all others, and `unshare`, which waits
    /// for it, ends only after them. Before there is one, `unshare` or the shell before it is killed itself.
    /// </summary>
    private static void Kill(Process process)
    {
        try
        {
            var id = process.Id.ToString(CultureInfo.InvariantCulture);
            var children = File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            foreach (var child in children)
            {
                _ = LinuxCalls.Kill(int.Parse(child, CultureInfo.InvariantCulture), KillSignal);
            }

            if (children.Length == 0)
            {
                process.Kill();
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            // It ended by itself just now, or its children are not ours to see: then its own end takes them along.
            KillQuietly(process);
        }
    }

    private static void KillQuietly(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
        }
    }

    private static string WithoutComplaint(string error) =>
        error.EndsWith(Complaint, StringComparison.Ordinal) ? error[..^Complaint.Length] : error;

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

    /// <summary>bwrap writes the exit code only when the sandbox was complete and the command ended in it.</summary>
    private static int? ExitCode(string status)
    {
        const string Key = "\"exit-code\": ";
        var line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(l => l.Contains(Key, StringComparison.Ordinal)) : null;
        return line is null ? null : int.Parse(line.AsSpan(line.IndexOf(Key, StringComparison.Ordinal) + Key.Length).TrimEnd("} "), CultureInfo.InvariantCulture);
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
