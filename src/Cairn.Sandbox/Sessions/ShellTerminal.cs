using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;

namespace Cairn.Sandbox.Sessions;

/// <summary>
/// Somebody's view of a live shell of a run: the bytes of its terminal as they come, and keys for the program that runs in it.
/// It goes past the process that drives the run, straight to the one that holds the shells. A shell that rests at its prompt
/// takes no keys: its workspace is not there then, and a command of nobody's call would be on no record.
/// </summary>
public sealed class ShellTerminal : IDisposable
{
    private readonly DirectoryHandle _state;
    private readonly HolderClient _client;
    private readonly TaskCompletionSource<int?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ShellTerminal(DirectoryHandle state, HolderClient client, HolderState holder, string name) =>
        (_state, _client, Shell, Shells) = (state, client, name, [.. holder.Shells.Where(s => !s.IsDead).Select(s => s.Name)]);

    /// <summary>The shell.</summary>
    public string Shell { get; }

    /// <summary>All live shells of the run.</summary>
    public IReadOnlyList<string> Shells { get; }

    /// <summary>Completes with the shell's exit code when it ended; with null when its holder is gone.</summary>
    public Task<int?> Ended => _ended.Task;

    /// <summary>Connects to a live shell.</summary>
    /// <param name="stateDirectory">Where the run lies.</param>
    /// <param name="run">The run.</param>
    /// <param name="shell">The shell; null for the only one, or the one named main.</param>
    /// <exception cref="WorkspaceException">When there is no such shell; the text names those that there are.</exception>
    public static async Task<ShellTerminal> OpenAsync(string stateDirectory, RunId run, string? shell)
    {
        var state = DirectoryHandle.Open(stateDirectory);
        HolderClient? client = null;
        try
        {
            client = ShellHolder.TryConnect(state, run) ?? throw new WorkspaceException(
                FileProblem.NotFound, $"The run {run} has no live shell. A shell lives from the first shell_send of its agent until the run ends.");
            var holder = await client.HelloAsync();
            var live = holder.Shells.Where(s => !s.IsDead).Select(s => s.Name).ToList();
            var name = shell ?? (live.Count == 1 ? live[0] : live.Find(n => n == "main"));
            return name is not null && live.Contains(name)
                ? new(state, client, holder, name)
                : throw new WorkspaceException(
                    FileProblem.NotFound, live.Count == 0 ? $"The shells of run {run} have all ended." : $"The run {run} has {(shell is null ? "several shells; name one" : $"no shell '{SafeText.Line(shell, 64)}'")}: {string.Join(", ", live)}.");
        }
        catch
        {
            client?.Dispose();
            state.Dispose();
            throw;
        }
    }

    /// <summary>Begins to show what the terminal prints: first what it printed since its last prompt.</summary>
    /// <param name="show">Takes raw bytes, in order; not safe for a terminal that somebody trusts.</param>
    public async Task WatchAsync(Action<ReadOnlyMemory<byte>> show)
    {
        ArgumentNullException.ThrowIfNull(show);
        _client.OnNews = news =>
        {
            if (news.Type == 'o' && news.Shell == Shell)
            {
                show(news.Body);
            }
            else if (news.Type == '!' || (news.Type == 'x' && news.Shell == Shell))
            {
                _ended.TrySetResult(news.Type == '!' ? null : (int)news.First);
            }
        };
        var held = (await _client.HelloAsync()).Shells.FirstOrDefault(s => s.Name == Shell);
        await _client.AskAsync('F', Shell, held.LastPrompt.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Types keys.</summary>
    /// <returns>Null; or why they were not taken.</returns>
    public async Task<string?> TypeAsync(ReadOnlyMemory<byte> keys)
    {
        var answer = await _client.TryAskAsync('I', [Shell], keys);
        return answer.Type == 'k' ? null : answer.Text;
    }

    /// <summary>Tells the programs in the terminal its new size.</summary>
    public Task ResizeAsync(int columns, int rows) => _client.TryAskAsync(
        'W', [Shell, columns.ToString(CultureInfo.InvariantCulture), rows.ToString(CultureInfo.InvariantCulture)], default);

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _state.Dispose();
    }
}
