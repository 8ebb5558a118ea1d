using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cairn.Models;
using Cairn.Storage;
using Cairn.Tests.Integration.Models;

namespace Cairn.Tests.Integration.Gateway;

/// <summary>A gateway between real HTTP clients and real HTTP providers, in every pair of formats.</summary>
public sealed class GatewayTests
{
    private static readonly FakeAnswer Parallel = new()
    {
        Text = ["I look", " at both — 🦊."],
        Calls = [new("call_a", "read_file", "{\"path\":", "\"a \\\"ü\\\".txt\"}"), new("call_b", "run", "{\"n\":1}")],
        Finish = FinishReason.ToolCalls,
        Usage = new(120, 30, 100),
    };

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static TheoryData<WireFormat, WireFormat, bool> Pairs
    {
        get
        {
            var pairs = new TheoryData<WireFormat, WireFormat, bool>();
            foreach (var client in Enum.GetValues<WireFormat>())
            {
                foreach (var provider in new[] { WireFormat.Chat, WireFormat.Messages })
                {
                    pairs.Add(client, provider, true);
                    pairs.Add(client, provider, false);
                }
            }

            pairs.Add(WireFormat.Responses, WireFormat.Responses, true);
            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task An_answer_with_parallel_calls_reaches_a_client_of_each_format_from_a_provider_of_each(WireFormat client, WireFormat provider, bool stream)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var pass = client == provider;
        gateway.Provider.Enqueue(pass && !stream
            ? FakeReply.Json(200, Whole(provider))
            : new FakeReply(GatewayFixture.Wire(provider, Parallel)) { PieceBytes = 7 });
        var (status, body) = await gateway.PostAsync(GatewayFixture.PathOf(client), GatewayFixture.Question(client, GatewayFixture.ModelOf(provider), stream));
        Assert.True(status == HttpStatusCode.OK, body);
        var read = Read(client, body);
        Assert.Null(read.Error);
        Assert.Equal("I look at both — 🦊.", read.Text);
        Assert.Equal(["call_a read_file {\"path\":\"a \\\"ü\\\".txt\"}", "call_b run {\"n\":1}"], read.Parts.Where(p => p.Kind == WirePartKind.Call).Select(p => $"{p.Id} {p.Name} {p.Arguments}"));
        Assert.Equal(WireStop.Calls, read.Stop);
        var asked = gateway.Provider.Requests.Single();
        Assert.Equal(pass, asked.Json.ContainsKey("future_field"));
        Assert.Equal("test-model", (string?)asked.Json["model"]);
        Assert.DoesNotContain(gateway.Secret, asked.Body + string.Join('\n', asked.Headers), StringComparison.Ordinal);
        Assert.DoesNotContain(GatewayFixture.ProviderKey, body, StringComparison.Ordinal);
        if (!(stream && client == WireFormat.Chat))
        {
            Assert.Equal((120L, 30L, 100L), (read.Usage.Input, read.Usage.Output, read.Usage.Cached));
        }
    }

    [Fact]
    public async Task What_passes_between_one_format_and_the_same_keeps_its_bytes()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var wire = GatewayFixture.Wire(WireFormat.Messages, Parallel).Replace("event: ping", "event: future\ndata: {\"type\":\"future\",\"x\":[1]}\n\nevent: ping", StringComparison.Ordinal);
        gateway.Provider.Enqueue(new FakeReply(wire) { PieceBytes = 11 });
        var (_, body) = await gateway.PostAsync("/v1/messages", GatewayFixture.Question(WireFormat.Messages, "anthropic:test-model", stream: true));
        Assert.Equal(wire, body);
    }

    [Fact]
    public async Task The_usage_that_the_gateway_asks_for_itself_is_counted_and_not_shown()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(WireFormat.Chat, Parallel)));
        var (_, body) = await gateway.PostAsync("/v1/chat/completions", GatewayFixture.Question(WireFormat.Chat, "compatible:test-model", stream: true));
        Assert.DoesNotContain("\"choices\":[]", body, StringComparison.Ordinal);
        Assert.True((bool)gateway.Provider.Requests.Single().Json["stream_options"]!["include_usage"]!);
        Assert.Equal(150, (long)gateway.Calls().Single()["usage"]!["total"]!);
    }

    [Fact]
    public async Task Every_call_is_recorded_with_both_bodies_and_without_any_secret()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var question = GatewayFixture.Question(WireFormat.Chat, "anthropic:test-model", stream: false);
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(WireFormat.Messages, Parallel)));
        var (_, body) = await gateway.PostAsync("/v1/chat/completions", question);
        var call = gateway.Calls().Single();
        Assert.Equal(BlobHash.OfText(question).ToString(), (string?)call["request"]);
        Assert.Equal(BlobHash.OfText(body).ToString(), (string?)call["answer"]);
        Assert.Equal(200, (int)call["status"]!);
        foreach (var file in Directory.EnumerateFiles(gateway.State, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) is not ("lock" or "cairn.sock")))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            var text = await reader.ReadToEndAsync(Now);
            Assert.DoesNotContain(gateway.Secret, text, StringComparison.Ordinal);
            Assert.DoesNotContain(GatewayFixture.ProviderKey, text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(WireFormat.Chat)]
    [InlineData(WireFormat.Responses)]
    [InlineData(WireFormat.Messages)]
    public async Task A_stream_that_is_cut_within_a_call_is_never_presented_as_whole(WireFormat client)
    {
        foreach (var provider in new[] { WireFormat.Chat, WireFormat.Messages })
        {
            await using var gateway = await GatewayFixture.StartAsync();
            var wire = GatewayFixture.Wire(provider, Parallel);
            var half = wire[..(wire.IndexOf("call_b", StringComparison.Ordinal) + 80)];
            gateway.Provider.Enqueue(new FakeReply(half) { End = FakeEnd.Cut });
            gateway.Provider.MayCut.SetResult();
            var (text, whole) = await StreamAsync(gateway, client, provider);
            Assert.False(whole && Read(client, text).IsWhole, text);
            Assert.NotNull(Read(client, text).Error);
            var call = gateway.Calls().Single();
            Assert.NotNull((string?)call["error"]);
            Assert.Single(gateway.Provider.Requests);
        }
    }

    [Theory]
    [InlineData(429, HttpStatusCode.TooManyRequests)]
    [InlineData(500, HttpStatusCode.InternalServerError)]
    [InlineData(401, HttpStatusCode.BadGateway)]
    public async Task A_providers_refusal_is_passed_on_once_with_its_wait_and_without_its_key(int status, HttpStatusCode expected)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        foreach (var client in Enum.GetValues<WireFormat>())
        {
            gateway.Provider.Enqueue(FakeReply.Json(status, $$"""{"error":{"type":"x","message":"no, {{GatewayFixture.ProviderKey[..12]}}"} }""") with { Headers = new() { ["retry-after"] = "7" } });
            using var http = gateway.Http();
            using var content = new StringContent(GatewayFixture.Question(client, "anthropic:test-model", stream: true), Encoding.UTF8, "application/json");
            using var response = await http.PostAsync(GatewayFixture.PathOf(client), content, Now);
            var body = await response.Content.ReadAsStringAsync(Now);
            Assert.Equal(expected, response.StatusCode);
            Assert.NotNull(JsonNode.Parse(body)!["error"]!["message"]);
            if (status == 401)
            {
                Assert.DoesNotContain("sk-provider", body, StringComparison.Ordinal);
            }
            else
            {
                Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter!.Delta);
            }
        }

        Assert.Equal(3, gateway.Provider.Requests.Count);
    }

    [Fact]
    public async Task Without_a_good_key_nobody_is_asked()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var question = GatewayFixture.Question(WireFormat.Chat, "compatible:test-model", stream: false);
        var limited = gateway.Key(k => k with { Models = ["openai:*"] });
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.PostAsync("/v1/chat/completions", question, "cairn-wrong")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await gateway.PostAsync("/v1/chat/completions", question, limited)).Status);
        var poor = gateway.Key(k => k with { BudgetTokens = 20 });
        Assert.Equal(HttpStatusCode.Forbidden, (await gateway.PostAsync("/v1/chat/completions", question, poor)).Status);
        Assert.Empty(gateway.Provider.Requests);
        var api = await File.ReadAllTextAsync(Path.Combine(gateway.State, "api-token"), Now);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.PostAsync("/v1/chat/completions", question, api.Trim())).Status);

        // And a virtual key rules no runs.
        using var http = gateway.Http();
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri("/v1/runs", UriKind.Relative), Now)).StatusCode);
    }

    [Fact]
    public async Task What_a_key_spent_counts_after_a_restart_and_a_revoked_key_is_dead_at_once()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var question = GatewayFixture.Question(WireFormat.Messages, "anthropic:test-model", stream: false);
        var made = new Cairn.Host.KeyFile(gateway.State, TimeProvider.System).Create(k => k with { BudgetTokens = 300 });
        gateway.Provider.Enqueue(FakeReply.Json(200, Whole(WireFormat.Messages)));
        Assert.Equal(HttpStatusCode.OK, (await gateway.PostAsync("/v1/messages", question, made.Secret)).Status);
        await gateway.RestartAsync();
        gateway.Provider.Enqueue(FakeReply.Json(200, Whole(WireFormat.Messages)));
        Assert.Equal(HttpStatusCode.OK, (await gateway.PostAsync("/v1/messages", question, made.Secret)).Status);
        var (status, body) = await gateway.PostAsync("/v1/messages", question, made.Secret);
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("300 are spent", body, StringComparison.Ordinal);
        var good = new Cairn.Host.KeyFile(gateway.State, TimeProvider.System).Create(k => k);
        new Cairn.Host.KeyFile(gateway.State, TimeProvider.System).Revoke(good.Key.Id);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.PostAsync("/v1/messages", question, good.Secret)).Status);
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused_and_the_list_of_models_is_that_of_the_key()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var (status, _) = await gateway.PostAsync("/v1/chat/completions", "{\"model\":\"" + new string('x', 33 << 20) + "\"}");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        using var http = gateway.Http(gateway.Key(k => k with { Models = ["anthropic:one", "openai:two"] }));
        var list = JsonNode.Parse(await http.GetStringAsync(new Uri("/v1/models", UriKind.Relative), Now))!;
        Assert.Equal(["anthropic:one", "openai:two"], list["data"]!.AsArray().Select(m => (string)m!["id"]!));
    }

    [Fact]
    public async Task A_conversation_goes_on_from_an_answers_id_and_only_for_its_own_key()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(WireFormat.Messages, Parallel)));
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(WireFormat.Messages, new() { Text = ["Done."] })));
        var (_, first) = await gateway.PostAsync("/v1/responses", GatewayFixture.Question(WireFormat.Responses, "anthropic:test-model", stream: false));
        var id = (string)JsonNode.Parse(first)!["id"]!;
        var more = $$"""{"model":"anthropic:test-model","previous_response_id":"{{id}}","input":[{"type":"function_call_output","call_id":"call_a","output":"A"},{"type":"function_call_output","call_id":"call_b","output":"B"}]}""";
        var (status, second) = await gateway.PostAsync("/v1/responses", more);
        Assert.True(status == HttpStatusCode.OK, second);
        var asked = gateway.Provider.Requests.Last().Json["messages"]!.AsArray();
        Assert.Equal(["user", "assistant", "user"], asked.Select(m => (string)m!["role"]!));
        Assert.Equal(["text", "tool_use", "tool_use"], asked[1]!["content"]!.AsArray().Select(c => (string)c!["type"]!));
        Assert.Equal(HttpStatusCode.BadRequest, (await gateway.PostAsync("/v1/responses", more, gateway.Key(k => k))).Status);
    }

    internal static WireAnswer Read(WireFormat format, string body)
    {
        var read = new WireAnswer();
        var decoder = WireCodec.Decoder(format, read);
        if (body.StartsWith('{'))
        {
            decoder.Add(Encoding.UTF8.GetBytes(body));
        }
        else
        {
            new SseReader(decoder.Add).Feed(Encoding.UTF8.GetBytes(body));
        }

        decoder.Complete();
        return read;
    }

    private static async Task<(string Text, bool Whole)> StreamAsync(GatewayFixture gateway, WireFormat client, WireFormat provider)
    {
        using var http = gateway.Http();
        using var request = new HttpRequestMessage(HttpMethod.Post, GatewayFixture.PathOf(client))
        {
            Content = new StringContent(GatewayFixture.Question(client, GatewayFixture.ModelOf(provider), stream: true), Encoding.UTF8, "application/json"),
        };
        using var text = new MemoryStream();
        var block = new byte[4096];
        try
        {
            // The reset that ends a cut answer may overtake all of it.
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Now);
            await using var stream = await response.Content.ReadAsStreamAsync(Now);
            int n;
            while ((n = await stream.ReadAsync(block, Now)) > 0)
            {
                text.Write(block, 0, n);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (Encoding.UTF8.GetString(text.ToArray()), false);
        }

        return (Encoding.UTF8.GetString(text.ToArray()), true);
    }

    /// <summary>The answer in one piece.</summary>
    private static string Whole(WireFormat format)
    {
        var collected = Read(format, GatewayFixture.Wire(format, Parallel));
        return Encoding.UTF8.GetString(WireCodec.Whole(format, new("1", 1, "test-model", new HashSet<string>()), collected));
    }
}
