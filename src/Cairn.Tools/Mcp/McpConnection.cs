using System.Text.Json;
using Cairn.Abstractions;
using ModelContextProtocol;
using ModelContextProtocol.Client;

namespace Cairn.Tools.Mcp;

/// <summary>One run's way to one server: started when it is first called, started anew when it died or its files moved on.</summary>
internal sealed class McpConnection(McpServer server) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private McpSession? _session;

    /// <summary>It lives on after a call. One that may write lives for one call, whose changes are the call's.</summary>
    private bool IsKept => server.Url is not null || server.Files != McpFiles.Writable;

    public IEnumerable<ITool> Tools() => server.Offers.Select(offer => new McpTool(this, server, offer));

    /// <summary>Does one thing with the server, within its time. A server that died or hangs is an answer, and is ended.</summary>
    public async Task<ToolResult> UseAsync(ToolContext context, Func<McpClient, CancellationToken, Task<ToolResult>> use, CancellationToken cancellationToken)
    {
        var asked = new List<NetworkAccess>();
        return await UseAsync(context, use, asked, cancellationToken) with { Network = [.. asked] };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync(CancellationToken.None);
        await EndAsync();
        _gate.Dispose();
    }

    private async Task<ToolResult> UseAsync(
        ToolContext context, Func<McpClient, CancellationToken, Task<ToolResult>> use, List<NetworkAccess> asked, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(server.TimeoutSeconds));
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        await _gate.WaitAsync(cancellationToken);
        var keep = false;
        try
        {
            var session = await SessionAsync(context, asked, both.Token);
            var result = await use(session.Client, both.Token).WaitAsync(both.Token);
            keep = IsKept;
            return result with { Processes = server.Url is null ? 1 : 0 };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            return new(ToolStatus.TimedOut, $"The MCP server {server.Name} did not answer within {server.TimeoutSeconds} s and was ended; the next call starts it anew.") { LimitHit = "wall time" };
        }
        catch (McpProtocolException e)
        {
            keep = IsKept;
            return ToolResult.Failed($"The MCP server {server.Name} refuses: {SafeText.ForModel(e.Message, 4096)}");
        }
        catch (Exception e) when (e is McpException or McpFailure or IOException or JsonException or HttpRequestException or NetworkException or InvalidOperationException or NotSupportedException or ArgumentException)
        {
            var session = _session;

            // Its last words are complete when it is gone.
            asked.AddRange(session?.TakeNetwork() ?? []);
            await EndAsync();
            var why = session?.LastWords(e) ?? e.Message;
            return ToolResult.Failed($"The MCP server {server.Name} failed: {SafeText.ForModel(why, 4096)}. The next call starts it anew.") with { LimitHit = session?.LimitHit };
        }
        finally
        {
            asked.AddRange(_session?.TakeNetwork() ?? []);
            if (!keep || _session is { HasEnded: true })
            {
                await EndAsync();
            }

            _gate.Release();
        }
    }

    private async Task<McpSession> SessionAsync(ToolContext context, List<NetworkAccess> asked, CancellationToken cancellationToken)
    {
        var workspace = context.Workspace;
        if (_session is { } running
            && (running.HasEnded || !running.Workspace.Equals(workspace) || (server.Url is null && server.Files == McpFiles.Current && running.Top != workspace.Top)))
        {
            await EndAsync();
        }

        return _session ??= await McpSession.StartAsync(server, workspace, context.Network, asked, cancellationToken);
    }

    private async ValueTask EndAsync()
    {
        if (Interlocked.Exchange(ref _session, null) is { } session)
        {
            await session.DisposeAsync();
        }
    }
}
