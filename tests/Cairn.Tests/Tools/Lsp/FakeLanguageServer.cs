using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Tools.Lsp;

namespace Cairn.Tests.Tools.Lsp;

/// <summary>A server in this process that says what a test makes it say, well or badly.</summary>
internal sealed class FakeLanguageServer : ISandboxProcess
{
    private readonly Pipe _toServer = new();
    private readonly Pipe _fromServer = new(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19));
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FakeLanguageServer()
    {
        (Input, Output) = (_toServer.Writer.AsStream(), _fromServer.Reader.AsStream());
        _ = ServeAsync();
    }

    public Stream Input { get; }

    public Stream Output { get; }

    public Task Ended => _ended.Task;

    public string ErrorTail { get; init; } = "";

    /// <summary>What it can do, as the answer to the greeting.</summary>
    public string Capabilities { get; init; } = """{"definitionProvider":true,"referencesProvider":true,"renameProvider":true,"documentSymbolProvider":true,"codeActionProvider":true}""";

    /// <summary>What it answers; null for silence.</summary>
    public Func<FakeLanguageServer, string, JsonElement, JsonNode?> OnAsked { get; set; } = (_, _, _) => new JsonObject();

    /// <summary>What it does when it is told something.</summary>
    public Action<FakeLanguageServer, string, JsonElement> OnTold { get; set; } = (_, _, _) => { };

    /// <summary>Everything that it was told, in order.</summary>
    public List<(string Method, JsonElement Parameters)> Heard { get; } = [];

    /// <summary>The greeting is over.</summary>
    public Task Greeted => _greeted.Task;

    public string TextOf(string path) => Heard.Where(h => h.Method is "textDocument/didOpen" or "textDocument/didChange" && h.Parameters.Get("textDocument").String("uri")!.EndsWith("/" + path, StringComparison.Ordinal))
        .Select(h => h.Parameters.Get("textDocument").String("text") ?? h.Parameters.Get("contentChanges")[0].String("text")!).Last();

    public void Say(JsonObject message) => SayRaw(LspFrames.Of(message));

    public void SayRaw(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _fromServer.Writer.AsStream().Write(bytes);
        }
        catch (InvalidOperationException)
        {
            // It was ended meanwhile.
        }
    }

    public void Publish(string uri, int? version, params (int Line, string Message)[] problems)
    {
        var parameters = new JsonObject
        {
            ["uri"] = uri,
            ["diagnostics"] = new JsonArray([.. problems.Select(p => new JsonObject
            {
                ["range"] = LspJson.Of(new LspRange(new(p.Line, 0), new(p.Line, 1))), ["severity"] = 1, ["code"] = "E1", ["message"] = p.Message,
            })]),
        };
        if (version is { } number)
        {
            parameters["version"] = number;
        }

        Say(new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "textDocument/publishDiagnostics", ["params"] = parameters });
    }

    /// <summary>As kill -9 would.</summary>
    public void Die()
    {
        _fromServer.Writer.Complete();
        _ended.TrySetResult();
    }

    public ValueTask DisposeAsync()
    {
        Die();
        _toServer.Reader.CancelPendingRead();
        return ValueTask.CompletedTask;
    }

    private async Task ServeAsync()
    {
        var frames = new LspFrames(_toServer.Reader.AsStream());
        try
        {
            while (await frames.ReadAsync(CancellationToken.None) is { } frame)
            {
                var message = frame.Message.RootElement.Clone();
                var (method, parameters) = (message.String("method"), message.Get("params"));
                if (method is null)
                {
                    continue;
                }

                if (!message.TryGetProperty("id", out var id))
                {
                    Heard.Add((method, parameters));
                    OnTold(this, method, parameters);
                    continue;
                }

                var answer = method == "initialize" ? new JsonObject { ["capabilities"] = JsonNode.Parse(Capabilities) } : OnAsked(this, method, parameters);
                if (answer is not null && !_ended.Task.IsCompleted)
                {
                    Say(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = JsonNode.Parse(id.GetRawText()), ["result"] = answer });
                }

                _greeted.TrySetResult();
            }
        }
        catch (Exception e) when (e is LspFailure or InvalidOperationException or IOException or OperationCanceledException)
        {
            // The other side has gone.
        }
    }

    public static byte[] Frame(string body) => Encoding.UTF8.GetBytes($"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
}
