using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Cairn.Models;
using Cairn.Tests.Integration.Models;

namespace Cairn.Tests.Integration.Gateway;

/// <summary>The WebSocket mode of Responses.</summary>
public sealed class SocketTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(WireFormat.Chat)]
    [InlineData(WireFormat.Messages)]
    public async Task Turns_over_one_socket_send_only_what_is_new(WireFormat provider)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(provider, new() { Calls = [new("c1", "run", "{\"n\":1}")], Finish = FinishReason.ToolCalls })) { PieceBytes = 9 });
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(provider, new() { Text = ["All ", "done."] })));
        using var socket = await ConnectAsync(gateway);
        var model = GatewayFixture.ModelOf(provider);
        await SendAsync(socket, new() { ["type"] = "response.create", ["model"] = model, ["input"] = "Do it." });
        var first = await AnswerAsync(socket);
        Assert.Equal("run", (string?)first["output"]![0]!["name"]);
        await SendAsync(socket, new()
        {
            ["type"] = "response.create", ["model"] = model, ["previous_response_id"] = (string?)first["id"],
            ["input"] = new JsonArray(new JsonObject { ["type"] = "function_call_output", ["call_id"] = "c1", ["output"] = "ran" }),
        });
        var second = await AnswerAsync(socket);
        Assert.Equal("All done.", (string?)second["output"]![0]!["content"]![0]!["text"]);
        var asked = gateway.Provider.Requests.Last().Body;
        Assert.Contains("Do it.", asked, StringComparison.Ordinal);
        Assert.Contains("ran", asked, StringComparison.Ordinal);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Now);
    }

    [Fact]
    public async Task An_error_is_a_message_and_the_socket_lives_on()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        gateway.Provider.Enqueue(FakeReply.Json(429, """{"error":{"message":"slow down","type":"rate_limit_error"}}"""));
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(WireFormat.Chat, new() { Text = ["Hi."] })));
        using var socket = await ConnectAsync(gateway);
        var question = new JsonObject { ["type"] = "response.create", ["model"] = "compatible:test-model", ["input"] = "Hi" };
        await SendAsync(socket, question);
        var error = await ReceiveAsync(socket);
        Assert.Equal(("error", 429, "slow down"), ((string?)error["type"], (int)error["status"]!, (string?)error["error"]!["message"]));
        await SendAsync(socket, question);
        Assert.Equal("Hi.", (string?)(await AnswerAsync(socket))["output"]![0]!["content"]![0]!["text"]);
    }

    private static async Task<ClientWebSocket> ConnectAsync(GatewayFixture gateway)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {gateway.Secret}");
        await socket.ConnectAsync(new UriBuilder(gateway.Address) { Scheme = "ws", Path = "/v1/responses" }.Uri, Now);
        return socket;
    }

    private static Task SendAsync(ClientWebSocket socket, JsonObject message) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, Now);

    private static async Task<JsonNode> ReceiveAsync(ClientWebSocket socket)
    {
        using var message = new MemoryStream();
        var block = new byte[4096];
        WebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(block, Now);
            Assert.Equal(WebSocketMessageType.Text, part.MessageType);
            message.Write(block, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(message.ToArray())!;
    }

    /// <summary>The answer that the last event holds; events come in order.</summary>
    private static async Task<JsonNode> AnswerAsync(ClientWebSocket socket)
    {
        for (var number = 0; ; number++)
        {
            var e = await ReceiveAsync(socket);
            Assert.Equal(number, (int)e["sequence_number"]!);
            if ((string?)e["type"] == "response.completed")
            {
                return e["response"]!;
            }
        }
    }
}
