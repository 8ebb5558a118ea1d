using Cairn.Abstractions;
using Cairn.Sandbox.Sessions;

namespace Cairn.Host;

/// <summary>A live shell of a run, as somebody attaches to it beside whoever drives the run. Raw bytes: not safe for a terminal that somebody trusts.</summary>
public sealed class AttachedShell : IDisposable
{
    private readonly ShellTerminal _terminal;

    private AttachedShell(ShellTerminal terminal) => _terminal = terminal;

    /// <summary>The shell's name.</summary>
    public string Name => _terminal.Shell;

    /// <summary>Completes with the shell's exit code when it ended; with null when its holder is gone.</summary>
    public Task<int?> Ended => _terminal.Ended;

    /// <summary>Connects to a live shell of a state directory.</summary>
    /// <exception cref="UserException">When there is no such shell; the text names those that there are.</exception>
    public static async Task<AttachedShell> OpenAsync(string stateDirectory, RunId run, string? shell)
    {
        try
        {
            return new(await ShellTerminal.OpenAsync(stateDirectory, run, shell));
        }
        catch (WorkspaceException e)
        {
            throw new UserException(e.Message, e);
        }
    }

    /// <summary>Begins to show what the terminal prints, from its last prompt on.</summary>
    public Task WatchAsync(Action<ReadOnlyMemory<byte>> show) => _terminal.WatchAsync(show);

    /// <summary>Types keys; null, or why they were not taken.</summary>
    public Task<string?> TypeAsync(ReadOnlyMemory<byte> keys) => _terminal.TypeAsync(keys);

    /// <summary>Tells the programs in the terminal its new size.</summary>
    public Task ResizeAsync(int columns, int rows) => _terminal.ResizeAsync(columns, rows);

    /// <inheritdoc/>
    public void Dispose() => _terminal.Dispose();
}
