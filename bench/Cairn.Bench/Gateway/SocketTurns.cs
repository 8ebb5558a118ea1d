using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Cairn.Bench.Gateway;

/// <summary>A conversation of tool calls over Responses: over HTTP with the whole history each turn, over a WebSocket with what is new.</summary>
internal static class SocketTurns
{
    private const string Path = "/v1/responses";
    private const int ResultBytes = 2048;
    private const int Tools = 10;

    public static async Task<IReadOnlyList<TurnsRow>> MeasureAsync(Server server, int turns, int rounds, CancellationToken cancellationToken)
    {
        var http = new Sums("HTTP, the whole history each turn", turns);
        var socket = new Sums("a WebSocket, what is new", turns);
        for (var round = -1; round < rounds; round++)
        {
            // ABBA; the round before the first only warms.
            var order = round % 2 == 0 ? (First: http, Second: socket) : (First: socket, Second: http);
            foreach (var sums in new[] { order.First, order.Second })
            {
                var into = round < 0 ? new Sums("", turns) : sums;
                await (ReferenceEquals(sums, http) ? HttpAsync(server, turns, into, cancellationToken) : SocketAsync(server, turns, into, cancellationToken));
            }
        }

        return [http.Row(rounds), socket.Row(rounds)];
    }

    private static async Task HttpAsync(Server server, int turns, Sums sums, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{server.Port}")) };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", server.Headers[0].Split(": ")[1]);
        var history = new JsonArray(User());
        for (var turn = 0; turn < turns; turn++)
        {
            var body = Encoding.UTF8.GetBytes(new JsonObject { ["model"] = "compatible:mock", ["stream"] = true, ["tools"] = ToolList(), ["input"] = history.DeepClone() }.ToJsonString());
            var start = Stopwatch.GetTimestamp();
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new("application/json");
            using var response = await http.PostAsync(Path, content, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            sums.Add(turn, Stopwatch.GetElapsedTime(start).TotalMicroseconds, body.Length, Encoding.UTF8.GetByteCount(text));
            var answer = JsonNode.Parse(text.Split('\n').Last(l => l.StartsWith("data: {", StringComparison.Ordinal))[6..])!["response"]!;
            history.Add(answer["output"]![0]!.DeepClone());
            history.Add(Result(answer));
        }
    }

    private static async Task SocketAsync(Server server, int turns, Sums sums, CancellationToken cancellationToken)
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", server.Headers[0].Split(": ")[1]);
        await socket.ConnectAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"ws://127.0.0.1:{server.Port}{Path}")), cancellationToken);
        JsonNode? answer = null;
        var buffer = new byte[64 * 1024];
        for (var turn = 0; turn < turns; turn++)
        {
            var message = new JsonObject { ["type"] = "response.create", ["model"] = "compatible:mock", ["tools"] = ToolList() };
            message["input"] = answer is null ? new JsonArray(User()) : new JsonArray(Result(answer));
            if (answer is not null)
            {
                message["previous_response_id"] = (string?)answer["id"];
            }

            var bytes = Encoding.UTF8.GetBytes(message.ToJsonString());
            var (start, received) = (Stopwatch.GetTimestamp(), 0L);
            await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            answer = null;
            while (answer is null)
            {
                var length = await ReceiveAsync(socket, buffer, cancellationToken);
                received += length;
                answer = buffer.AsSpan(0, length).IndexOf("\"type\":\"response.completed\""u8) >= 0 ? JsonNode.Parse(buffer.AsSpan(0, length))!["response"] : null;
            }

            sums.Add(turn, Stopwatch.GetElapsedTime(start).TotalMicroseconds, bytes.Length, received);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }

    private static async Task<int> ReceiveAsync(ClientWebSocket socket, byte[] buffer, CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            length += part.Count;
            if (part.MessageType == WebSocketMessageType.Close || buffer.AsSpan(0, length).IndexOf("{\"type\":\"error\""u8) == 0)
            {
                throw new InvalidOperationException($"the socket said {Encoding.UTF8.GetString(buffer, 0, length)}");
            }

            if (part.EndOfMessage)
            {
                return length;
            }
        }
    }

    private static JsonObject User() => new() { ["role"] = "user", ["content"] = "Look at everything." };

    private static JsonObject Result(JsonNode answer) => new()
    {
        ["type"] = "function_call_output", ["call_id"] = (string?)answer["output"]![0]!["call_id"], ["output"] = new string('x', ResultBytes),
    };

    private static JsonArray ToolList() => new([.. Enumerable.Range(0, Tools).Select(i => new JsonObject
    {
        ["type"] = "function", ["name"] = i == 0 ? "run" : $"tool_{i}", ["description"] = new string('d', 200),
        ["parameters"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["command"] = new JsonObject { ["type"] = "string" } } },
    })]);

    private sealed class Sums(string kind, int turns)
    {
        private readonly List<double> _all = [];
        private readonly List<double> _last = [];
        private long _sent;
        private long _received;

        public void Add(int turn, double us, long sent, long received)
        {
            _all.Add(us);
            if (turn >= turns * 3 / 4)
            {
                _last.Add(us);
            }

            _sent += sent;
            _received += received;
        }

        public TurnsRow Row(int rounds) => new(kind, turns, _sent / rounds, _received / rounds, _all, _last);
    }
}
