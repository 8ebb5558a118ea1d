using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.Tools;

/// <summary>An MCP server on the loopback that wants a credential, and is indiscreet: all that it offers tells which one it got.</summary>
internal sealed class McpMirror : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _wanted;
    private readonly Task _serving;

    /// <param name="wanted">The value of Authorization without which nothing is answered.</param>
    public McpMirror(string wanted)
    {
        _wanted = wanted;
        using (var free = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port { get; }

    /// <summary>Method and credential of each request.</summary>
    public ConcurrentQueue<(string Method, string? Credential)> Requests { get; } = new();

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                await AnswerAsync(await _listener.GetContextAsync());
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
            {
                // The client left, or the test is over.
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var response = context.Response;
        var credential = context.Request.Headers["Authorization"];
        using var reader = new StreamReader(context.Request.InputStream);
        var text = await reader.ReadToEndAsync();
        var asked = text.Length > 0 ? JsonNode.Parse(text)! : new JsonObject();
        var method = (string?)asked["method"] ?? context.Request.HttpMethod;
        Requests.Enqueue((method, credential));
        if (credential != _wanted)
        {
            response.StatusCode = 401;
            return;
        }

        if (asked["id"] is not { } id)
        {
            response.StatusCode = method.StartsWith("notifications/", StringComparison.Ordinal) ? 202 : 405;
            return;
        }

        response.ContentType = "application/json";
        var answer = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id.DeepClone(), };
        if (Result(method, asked["params"], $"you sent {credential}") is { } result)
        {
            answer["result"] = JsonNode.Parse(result);
        }
        else
        {
            answer["error"] = new JsonObject { ["code"] = -32601, ["message"] = $"no method {method}" };
        }

        await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer.ToJsonString()));
    }

    private static string? Result(string method, JsonNode? given, string seen) => method switch
    {
        "initialize" => $$$"""{"protocolVersion":"{{{given!["protocolVersion"]}}}","serverInfo":{"name":"mirror","version":"1"},"capabilities":{"tools":{},"resources":{},"prompts":{} } }""",
        "tools/list" => $$$"""{"tools":[{"name":"whoami","description":"{{{seen}}}","inputSchema":{"type":"object"}}]}""",
        "tools/call" => $$$"""{"content":[{"type":"text","text":"tool: {{{seen}}}"}]}""",
        "resources/list" => $$$"""{"resources":[{"uri":"mirror://me","name":"me","description":"{{{seen}}}"}]}""",
        "resources/templates/list" => """{"resourceTemplates":[{"uriTemplate":"mirror://of/{name}","name":"others"}]}""",
        "resources/read" => $$$"""{"contents":[{"uri":"{{{given!["uri"]}}}","mimeType":"text/plain","text":"resource: {{{seen}}}"},{"uri":"mirror://bytes","mimeType":"image/png","blob":"iVBORw0KGgo="}]}""",
        "prompts/list" => """{"prompts":[{"name":"greet","description":"Greets.","arguments":[{"name":"who","required":true},{"name":"how"}]}]}""",
        "prompts/get" => $$$"""{"messages":[{"role":"user","content":{"type":"text","text":"prompt for {{{given!["arguments"]?["who"]}}}: {{{seen}}}"}}]}""",
        "ping" => "{}",
        _ => null,
    };
}
