using System.ClientModel;
using System.Text;
using Anthropic;
using Anthropic.Core;
using Anthropic.Models.Messages;
using Cairn.Models;
using Cairn.Tests.Integration.Models;
using OpenAI;
using OpenAI.Chat;

namespace Cairn.Tests.Integration.Gateway;

/// <summary>The vendors' C# SDKs as referees: each talks to the gateway as to its own vendor, whoever answers behind it.</summary>
public sealed class SdkTests
{
    private static readonly FakeAnswer Asks = new()
    {
        Text = ["I ", "look."], Calls = [new("c1", "weather", "{\"city\":", "\"Bern\"}"), new("c2", "weather", "{\"city\":\"Rom\"}")], Finish = FinishReason.ToolCalls,
    };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(WireFormat.Chat)]
    [InlineData(WireFormat.Messages)]
    public async Task OpenAIs_SDK_streams_text_and_calls_tools(WireFormat provider)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(provider, Asks)) { PieceBytes = 13 });
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(provider, new() { Text = ["Sunny in both."] })));
        var client = new ChatClient(GatewayFixture.ModelOf(provider), new ApiKeyCredential(gateway.Secret), new OpenAIClientOptions { Endpoint = new Uri(gateway.Address, "v1") });
        var options = new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("weather", "w", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}""")) } };
        List<OpenAI.Chat.ChatMessage> messages = [new UserChatMessage("Weather?")];
        var (text, calls, finish) = await StreamAsync(client, messages, options);
        Assert.Equal("I look.", text);
        Assert.Equal(["c1 {\"city\":\"Bern\"}", "c2 {\"city\":\"Rom\"}"], calls.Select(c => $"{c.Id} {c.FunctionArguments}"));
        Assert.Equal(ChatFinishReason.ToolCalls, finish);
        messages.Add(new AssistantChatMessage(calls));
        messages.AddRange(calls.Select(c => new ToolChatMessage(c.Id, "sunny")));
        Assert.Equal("Sunny in both.", (await StreamAsync(client, messages, options)).Text);
        Assert.Contains("sunny", gateway.Provider.Requests.Last().Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WireFormat.Chat)]
    [InlineData(WireFormat.Messages)]
    public async Task Anthropics_SDK_streams_text_and_calls_tools(WireFormat provider)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(provider, Asks)) { PieceBytes = 13 });
        var client = new AnthropicClient(new ClientOptions { BaseUrl = gateway.Address.ToString().TrimEnd('/'), ApiKey = gateway.Secret, MaxRetries = 0 });
        var none = new Dictionary<string, System.Text.Json.JsonElement>();
        var raw = System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, System.Text.Json.JsonElement>>(
            $$"""{"model":"{{GatewayFixture.ModelOf(provider)}}","max_tokens":100,"messages":[{"role":"user","content":"Weather?"}]}""")!;
        var question = MessageCreateParams.FromRawUnchecked(none, none, raw);
        var text = new StringBuilder();
        var inputs = new StringBuilder();
        var ended = false;
        await foreach (var update in client.Messages.CreateStreaming(question, Now))
        {
            var e = update.Json;
            var type = e.GetProperty("type").GetString();
            if (type == "content_block_delta")
            {
                var delta = e.GetProperty("delta");
                _ = delta.TryGetProperty("text", out var piece) ? text.Append(piece.GetString()) : inputs.Append(delta.GetProperty("partial_json").GetString());
            }

            ended |= type == "message_stop";
        }

        Assert.True(ended);
        Assert.Equal("I look.", text.ToString());
        Assert.Equal("{\"city\":\"Bern\"}{\"city\":\"Rom\"}", inputs.ToString());
    }

    private static async Task<(string Text, List<ChatToolCall> Calls, ChatFinishReason? Finish)> StreamAsync(
        ChatClient client, List<OpenAI.Chat.ChatMessage> messages, ChatCompletionOptions options)
    {
        var text = new StringBuilder();
        var calls = new SortedDictionary<int, (string Id, string Name, StringBuilder Arguments)>();
        ChatFinishReason? finish = null;
        await foreach (var update in client.CompleteChatStreamingAsync(messages, options, Now))
        {
            text.Append(string.Concat(update.ContentUpdate.Select(c => c.Text)));
            foreach (var part in update.ToolCallUpdates)
            {
                if (!calls.TryGetValue(part.Index, out var call))
                {
                    calls[part.Index] = call = (part.ToolCallId, part.FunctionName, new());
                }

                call.Arguments.Append(part.FunctionArgumentsUpdate);
            }

            finish = update.FinishReason ?? finish;
        }

        return (text.ToString(), [.. calls.Values.Select(c => ChatToolCall.CreateFunctionToolCall(c.Id, c.Name, BinaryData.FromString(c.Arguments.ToString())))], finish);
    }
}
