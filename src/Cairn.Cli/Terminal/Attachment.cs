using System.Runtime.InteropServices;
using Cairn.Host;

namespace Cairn.Cli.Terminal;

/// <summary>A person's terminal on a live shell: keys go there byte for byte, what it prints comes here byte for byte.</summary>
/// <param name="terminal">The shell.</param>
/// <param name="readOnly">Pass no key on.</param>
/// <param name="isTerminal">Ours is a terminal: it becomes raw, and its size is the shell's.</param>
internal sealed class Attachment(AttachedShell terminal, bool readOnly, bool isTerminal)
{
    /// <summary>Ctrl-].</summary>
    private const byte DetachKey = 0x1d;

    private const int MaxKeys = 4096;
    private const int UsualColumns = 120, UsualRows = 40;

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        Console.Error.WriteLine($"cairn: attached to shell {terminal.Name}{(readOnly ? ", read-only" : "")}; {(isTerminal ? "Ctrl-] detaches" : "the end of the input detaches")}");
        using var mode = isTerminal ? TerminalMode.Raw() : null;
        using var resized = isTerminal && !readOnly && OperatingSystem.IsLinux() ? PosixSignalRegistration.Create(PosixSignal.SIGWINCH, signal => { _ = ResizeAsync(); }) : null;
        await using var output = Console.OpenStandardOutput();
        await terminal.WatchAsync(bytes =>
        {
            output.Write(bytes.Span);
            output.Flush();
        });
        if (isTerminal && !readOnly)
        {
            await ResizeAsync();
        }

        using var detached = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var typing = Task.Run(() => TypeAsync(detached.Token), CancellationToken.None);
        var first = await Task.WhenAny(terminal.Ended, typing, Task.Delay(Timeout.Infinite, detached.Token));
        await detached.CancelAsync();
        if (isTerminal && !readOnly && !terminal.Ended.IsCompleted)
        {
            // The agent's next answer is to be as wide as ever.
            await terminal.ResizeAsync(UsualColumns, UsualRows);
        }

        mode?.Dispose();
        Console.Error.WriteLine(first == terminal.Ended
            ? terminal.Ended.Result is { } code ? $"\ncairn: the shell has ended with exit code {code}" : "\ncairn: the process that held the shell is gone"
            : "\ncairn: detached; the shell goes on");
        return cancellationToken.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Ok;
    }

    private async Task TypeAsync(CancellationToken cancellationToken)
    {
        await using var input = Console.OpenStandardInput();
        var keys = new byte[MaxKeys];
        var refused = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            var n = await input.ReadAsync(keys, cancellationToken);
            var end = isTerminal ? keys.AsSpan(0, n).IndexOf(DetachKey) : -1;
            var typed = keys.AsMemory(0, end < 0 ? n : end);
            if (typed.Length > 0 && !readOnly)
            {
                var why = await terminal.TypeAsync(typed);
                if (why is not null && !refused)
                {
                    Console.Error.Write($"\r\ncairn: not typed: {Safe.Line(why, 200)}. Keys go to a program that runs in the shell; between two calls of the agent it rests.\r\n");
                }

                refused = why is not null;
            }

            if (n == 0 || end >= 0)
            {
                return;
            }
        }
    }

    private async Task ResizeAsync()
    {
        var (columns, rows) = (Console.WindowWidth, Console.WindowHeight);
        if (columns > 0 && rows > 0)
        {
            await terminal.ResizeAsync(columns, rows);
        }
    }
}
