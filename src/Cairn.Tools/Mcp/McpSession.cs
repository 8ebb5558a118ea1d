using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Cairn.Abstractions;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Tools.Mcp;

/// <summary>A server that runs in the sandbox, and the client that speaks to it.</summary>
internal sealed class McpSession : IAsyncDisposable
{
    private const int MaxMessageBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan Parting = TimeSpan.FromSeconds(2);

    /// <summary>None asks the server; the others are of the time before it could be asked, newest first.</summary>
    private static readonly string?[] Versions = [null, "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

    private readonly ISandboxProcess? _process;
    private readonly BoundedLines? _lines;
    private readonly INetworkLine? _line;

    private McpSession(ISandboxProcess process, BoundedLines lines, McpClient client, IWorkspace workspace) =>
        (_process, _lines, Client, Workspace, Top) = (process, lines, client, workspace, workspace.Top);

    private McpSession(INetworkLine line, McpClient client, IWorkspace workspace) => (_line, Client, Workspace) = (line, client, workspace);

    public McpClient Client { get; }

    public IWorkspace Workspace { get; }

    /// <summary>The layer on which the workspace stood when the server was started.</summary>
    public LayerId? Top { get; }

    /// <summary>What the server, or the client of one of the network, asked of the network since this was last called.</summary>
    public ImmutableArray<NetworkAccess> TakeNetwork() => _process?.TakeNetwork() ?? _line?.TakeLog() ?? [];

    public bool HasEnded => _process is { Ended.IsCompleted: true } || _lines is { IsExceeded: true };

    /// <summary>
    /// Starts or reaches a server. It is asked first what it speaks; one that answers that with nonsense, as some do with whatever they do
    /// not know, is offered one version after another.
    /// </summary>
    /// <exception cref="WorkspaceException">When no sandbox can be made.</exception>
    /// <exception cref="McpFailure">When the server does not answer as it should.</exception>
    public static async Task<McpSession> StartAsync(McpServer server, IWorkspace workspace, INetwork? network, List<NetworkAccess> asked, CancellationToken cancellationToken)
    {
        for (var at = 0; ; at++)
        {
            try
            {
                return server.Url is { } url
                    ? await ConnectAsync(server, new Uri(url), Options(Versions[at]), workspace, network, asked, cancellationToken)
                    : await StartAsync(server, Options(Versions[at]), workspace, cancellationToken);
            }
            catch (McpFailure e) when (at < Versions.Length - 1 && (at == 0 ? e.InnerException is JsonException : IsOtherVersion(e.InnerException)))
            {
                // The next one may be its own.
            }
        }
    }

    private static bool IsOtherVersion(Exception? e) => e is McpException and not McpProtocolException && e.Message.Contains("protocol version", StringComparison.OrdinalIgnoreCase);

    /// <summary>Connects to a server of the network. The line belongs to the session, which may live for many calls.</summary>
    private static async Task<McpSession> ConnectAsync(
        McpServer server, Uri url, McpClientOptions options, IWorkspace workspace, INetwork? network, List<NetworkAccess> asked, CancellationToken cancellationToken)
    {
        var line = (network ?? throw new McpFailure("the run has no network: name the server's host under `network` or with --allow-net")).OpenLine();
        try
        {
            var transport = new HttpClientTransport(
                new HttpClientTransportOptions
                {
                    // No standing stream: nothing is asked while no call is under way.
                    Endpoint = url, TransportMode = HttpTransportMode.StreamableHttp, Name = server.Name, EnableStandaloneGetStream = false,
                },
                new HttpClient(line.Handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan },
                null,
                ownsHttpClient: true);
            return new(line, await McpClient.CreateAsync(transport, options, null, cancellationToken), workspace);
        }
        catch (Exception e)
        {
            await line.DisposeAsync();
            asked.AddRange(line.TakeLog());
            throw e is OperationCanceledException && cancellationToken.IsCancellationRequested ? e : new McpFailure(Why(e), e);
        }
    }

    private static async Task<McpSession> StartAsync(McpServer server, McpClientOptions options, IWorkspace workspace, CancellationToken cancellationToken)
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
            return new(process, lines, await McpClient.CreateAsync(new StreamClientTransport(process.Input, lines), options, null, cancellationToken), workspace);
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
    public string LastWords(Exception seen) => _lines is { IsExceeded: true } ? $"one message was larger than {MaxMessageBytes >> 20} MiB"
        : _process is null ? Why(seen) : seen.Message + Tail(_process);

    private static McpClientOptions Options(string? version) => new() { ClientInfo = new() { Name = "cairn", Version = "1" }, ProtocolVersion = version };

    /// <summary>The rule or the error at the bottom says more than the client around it.</summary>
    private static string Why(Exception e)
    {
        for (var at = e; at is not null; at = at.InnerException)
        {
            if (at is NetworkException)
            {
                return at.Message;
            }

            if (at is HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } refused)
            {
                return $"it answers {(int)refused.StatusCode}: it wants a credential, which a rule under `network` adds by `credential` (a login by OAuth is not spoken)";
            }
        }

        return e.Message;
    }

    public async ValueTask DisposeAsync()
    {
        // First the process: then nothing that the client waits for can still come.
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        try
        {
            await Client.DisposeAsync().AsTask().WaitAsync(Parting);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The server is gone; how its client takes that is of no interest.
        }

        if (_line is not null)
        {
            await _line.DisposeAsync();
        }
    }

    /// <summary>The limit that ended the server; null when none did.</summary>
    public string? LimitHit => _process?.LimitHit;

    private static string Tail(ISandboxProcess process)
    {
        var tail = process.ErrorTail.Trim();
        return (process.LimitHit is { } limit ? $"; it was ended by the limit on {limit}" : "") + (tail.Length == 0 ? "" : $"; its last words: {SafeText.ForModel(tail, 1024)}");
    }
}

/// <summary>A server could not be started, or ended.</summary>
internal sealed class McpFailure(string message, Exception? inner = null) : Exception(message, inner);
