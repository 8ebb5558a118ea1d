using System.Collections.Immutable;
using Cairn.Abstractions;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Tools.Mcp;

/// <summary>A server that runs in the sandbox, and the client that speaks to it.</summary>
internal sealed class McpSession : IAsyncDisposable
{
    private const int MaxMessageBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan Parting = TimeSpan.FromSeconds(2);

    private readonly ISandboxProcess _process;
    private readonly BoundedLines _lines;

    private McpSession(ISandboxProcess process, BoundedLines lines, McpClient client, IWorkspace workspace) =>
        (_process, _lines, Client, Workspace, Top) = (process, lines, client, workspace, workspace.Top);

    public McpClient Client { get; }

    public IWorkspace Workspace { get; }

    /// <summary>The layer on which the workspace stood when the server was started.</summary>
    public LayerId? Top { get; }

    /// <summary>What the server asked of the network since this was last called.</summary>
    public ImmutableArray<NetworkAccess> TakeNetwork() => _process.TakeNetwork();

    public bool HasEnded => _process.Ended.IsCompleted || _lines.IsExceeded;

    /// <exception cref="WorkspaceException">When no sandbox can be made.</exception>
    public static async Task<McpSession> StartAsync(McpServer server, IWorkspace workspace, CancellationToken cancellationToken)
    {
        var process = await workspace.StartAsync(
            new SandboxCommand(server.Command)
            {
                ReadOnly = server.Files != McpFiles.Writable,
                Network = server.Network,
                Mounts = [.. server.Mounts.Select(m => new CommandMount(m, m))],
                Environment = server.Environment.ToImmutableDictionary(),
            },
            cancellationToken);
        var lines = new BoundedLines(process.Output, MaxMessageBytes);
        try
        {
            var client = await McpClient.CreateAsync(
                new StreamClientTransport(process.Input, lines),
                new McpClientOptions { ClientInfo = new() { Name = "cairn", Version = "1" } },
                null,
                cancellationToken);
            return new(process, lines, client, workspace);
        }
        catch (Exception e)
        {
            var ended = process.Ended.IsCompleted;
            await process.DisposeAsync();
            throw e is OperationCanceledException && cancellationToken.IsCancellationRequested
                ? e
                : new McpFailure($"{(ended ? "it ended" : e.Message)}{Tail(process)}", e);
        }
    }

    /// <summary>What is known of why the server ended.</summary>
    /// <param name="seen">What its client saw of it.</param>
    public string LastWords(string seen) => _lines.IsExceeded ? $"one message was larger than {MaxMessageBytes >> 20} MiB" : seen + Tail(_process);

    public async ValueTask DisposeAsync()
    {
        // First the process: then nothing that the client waits for can still come.
        await _process.DisposeAsync();
        try
        {
            await Client.DisposeAsync().AsTask().WaitAsync(Parting);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The server is gone; how its client takes that is of no interest.
        }
    }

    private static string Tail(ISandboxProcess process)
    {
        var tail = process.ErrorTail.Trim();
        return tail.Length == 0 ? "" : $"; its last words: {SafeText.ForModel(tail, 1024)}";
    }
}

/// <summary>A server could not be started, or ended.</summary>
internal sealed class McpFailure(string message, Exception? inner = null) : Exception(message, inner);
