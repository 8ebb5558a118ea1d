using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cairn.Models;
using Cairn.Tests.Integration.Models;

namespace Cairn.Tests.Integration.Gateway;

/// <summary>Providers that fail and clients that dawdle: nothing is lost, asked twice or piled up.</summary>
public sealed class FaultTests
{
    /// <summary>What may lie between a provider and a client that reads nothing: buffers of four sockets and of the servers.</summary>
    private const long MostInFlight = 16 * 1024 * 1024;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_many_requests_with_all_kinds_of_faults_each_is_asked_once_answered_once_and_recorded_once()
    {
        const int count = 120;
        await using var gateway = await GatewayFixture.StartAsync(new ModelLimits { Silence = TimeSpan.FromMilliseconds(300) });
        gateway.Provider.Otherwise = asked => Fault(Number(asked.Body));
        gateway.Provider.MayCut.SetResult();
        var results = new ConcurrentDictionary<int, string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 12, CancellationToken = Now }, async (i, _) =>
            Assert.True(results.TryAdd(i, await OutcomeAsync(gateway, i))));
        Assert.All(results, r => Assert.Contains(r.Value, Expected(r.Key)));
        Assert.Equal(Enumerable.Range(0, count), gateway.Provider.Requests.Select(r => Number(r.Body)).Order());
        var calls = gateway.Calls();
        Assert.Equal(count, calls.Count);
        Assert.Equal(count, calls.Select(c => (string)c["request"]!).Distinct().Count());
        Assert.Equal(count / 6 * 2, calls.Count(c => c["error"] is null));
    }

    [Fact]
    public async Task A_client_that_reads_nothing_holds_up_its_own_provider_only_and_nothing_piles_up()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var chunk = $"data: {{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{new string('x', 64 * 1024)}\"}}}}]}}\n\n";
        gateway.Provider.Otherwise = asked => asked.Body.Contains("endless", StringComparison.Ordinal) ? new FakeReply(chunk) { Endless = true } : Fault(0);
        using (var http = gateway.Http())
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Question("endless") };
            using var slow = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Now);
            var stalled = await StillAsync(() => gateway.Provider.Taken);
            Assert.InRange(stalled, 1, MostInFlight);
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal("whole", await OutcomeAsync(gateway, 0));
            }

            Assert.Equal(stalled, gateway.Provider.Taken);
        }

        // And once it has gone, its provider is hung up on, and the call is on record.
        await UntilAsync(() => gateway.Provider.HungUp == 1 && gateway.Calls().Count == 6);
        Assert.NotNull(gateway.Calls().Single(c => c["error"] is not null));
    }

    [Fact]
    public async Task An_answer_without_end_is_cut_off_at_the_limit()
    {
        const long limit = 512 * 1024;
        await using var gateway = await GatewayFixture.StartAsync(new ModelLimits { AnswerBytes = limit });
        var chunk = $"data: {{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{new string('x', 8 * 1024)}\"}}}}]}}\n\n";
        gateway.Provider.Otherwise = _ => new FakeReply(chunk) { Endless = true };
        var (text, whole) = await ReadAsync(gateway, "endless");
        Assert.False(whole);
        Assert.InRange(text.Length, 1, limit + 4096);
        Assert.NotNull(GatewayTests.Read(WireFormat.Chat, text).Error);
        await UntilAsync(() => gateway.Provider.HungUp == 1);
    }

    [Fact]
    public async Task Bodies_that_are_too_large_or_too_many_are_refused_and_their_room_is_given_back()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        gateway.Provider.Otherwise = _ => Fault(0);
        using var http = gateway.Http();
        using var huge = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StreamContent(Stream.Null) };
        huge.Content.Headers.ContentLength = Cairn.Host.GatewayLimits.RequestBytes + 1L;
        huge.Headers.ExpectContinue = true;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await http.SendAsync(huge, HttpCompletionOption.ResponseHeadersRead, Now)).StatusCode);

        // Who does not say how much comes counts with the most that may.
        var rooms = (int)(Cairn.Host.GatewayLimits.AllRequestBytes / Cairn.Host.GatewayLimits.RequestBytes);
        var open = Enumerable.Range(0, rooms).Select(_ => new Unfinished()).ToList();
        var uploads = open.Select(body => http.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), body, Now)).ToList();
        await Task.WhenAll(open.Select(o => o.Begun));
        await UntilAsync(async () => (await gateway.PostAsync("/v1/chat/completions", await Question("whole 0").ReadAsStringAsync(Now))).Status == HttpStatusCode.ServiceUnavailable);
        Assert.DoesNotContain(gateway.Provider.Requests, r => r.Body.Contains("Hi", StringComparison.Ordinal));
        open.ForEach(o => o.Finish());
        Assert.All(await Task.WhenAll(uploads), r => Assert.Equal(HttpStatusCode.OK, r.StatusCode));
        Assert.Equal(HttpStatusCode.OK, (await gateway.PostAsync("/v1/chat/completions", await Question("whole 0").ReadAsStringAsync(Now))).Status);
    }

    private static FakeReply Fault(int number)
    {
        var wire = GatewayFixture.Wire(WireFormat.Chat, new() { Text = ["All ", "is ", "well."] });
        var half = wire[..(wire.IndexOf("is ", StringComparison.Ordinal) + 20)];
        return (number % 6) switch
        {
            0 or 1 => new FakeReply(wire),
            2 => FakeReply.Json(429, """{"error":{"message":"slow down","type":"rate_limit_error"}}"""),
            3 => FakeReply.Json(500, """{"error":{"message":"broken","type":"server_error"}}"""),
            4 => new FakeReply(half) { End = FakeEnd.Cut },
            _ => new FakeReply(half) { End = FakeEnd.Silence },
        };
    }

    // A connection that is reset takes along what was not read yet: then there was no answer at all.
    private static string[] Expected(int number) => (number % 6) switch { 0 or 1 => ["whole"], 2 => ["429"], 3 => ["500"], 4 => ["cut", "503"], _ => ["cut"] };

    private static async Task<string> OutcomeAsync(GatewayFixture gateway, int number)
    {
        using var http = gateway.Http();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Question($"number {number}.") };
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Now);
            if (!response.IsSuccessStatusCode)
            {
                return $"{(int)response.StatusCode}";
            }

            var (text, ended) = await TextAsync(response);
            var read = GatewayTests.Read(WireFormat.Chat, text);
            return ended && read.IsWhole && read.Error is null ? "whole" : !ended && read.Error is not null ? "cut" : $"neither whole nor cut: {text}";
        }
        catch (HttpRequestException e) when (e.InnerException is IOException)
        {
            return "cut"; // The reset overtook even the first byte.
        }
    }

    private static async Task<(string Text, bool Ended)> ReadAsync(GatewayFixture gateway, string text)
    {
        using var http = gateway.Http();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Question(text) };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Now);
        return await TextAsync(response);
    }

    private static async Task<(string Text, bool Ended)> TextAsync(HttpResponseMessage response)
    {
        using var text = new MemoryStream();
        try
        {
            await response.Content.CopyToAsync(text, Now);
            return (Encoding.UTF8.GetString(text.ToArray()), true);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (Encoding.UTF8.GetString(text.ToArray()), false);
        }
    }

    private static StringContent Question(string text) => new(
        new JsonObject { ["model"] = "compatible:test-model", ["stream"] = true, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }) }.ToJsonString(),
        Encoding.UTF8, "application/json");

    private static int Number(string body) =>
        body.Split("number ") is [_, var rest, ..] ? int.Parse(rest[..rest.IndexOf('.', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture) : 0;

    /// <summary>The value once it has not changed for a while.</summary>
    private static async Task<long> StillAsync(Func<long> value)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        var before = -1L;
        while (value() is var now && now != before)
        {
            before = now;
            await timer.WaitForNextTickAsync(Now);
        }

        return before;
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            await timer.WaitForNextTickAsync(Now);
        }
    }

    /// <summary>A body that says nothing of its length, and ends when the test says so.</summary>
    private sealed class Unfinished : HttpContent
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _finish = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Unfinished() => Headers.ContentType = new("application/json");

        public Task Begun => _begun.Task;

        public void Finish() => _finish.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("""{"model":"compatible:test-model","stream":true,"""u8.ToArray(), Now);
            await stream.FlushAsync(Now);
            _begun.TrySetResult();
            await _finish.Task.WaitAsync(Now);
            await stream.WriteAsync("""  "messages":[{"role":"user","content":"Hi"}]}"""u8.ToArray(), Now);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
