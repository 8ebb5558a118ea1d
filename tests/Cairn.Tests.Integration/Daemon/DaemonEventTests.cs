using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Cairn.Host;
using Cairn.Storage;

namespace Cairn.Tests.Integration.Daemon;

/// <summary>Watching: resuming from a position, many events, slow readers.</summary>
public sealed class DaemonEventTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_that_is_cut_off_again_and_again_gets_every_record_of_all_runs_once()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var cairn = daemon.Connect();
        var script = string.Concat(Enumerable.Range(0, 12).Select(i => DaemonFixture.Command($"echo {i} > f{i}"))) + DaemonFixture.Done;
        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => cairn.StartAsync(daemon.Run(script), Cancel)));
        using var http = daemon.Http();
        var seen = new List<(string Run, long Seq)>();
        var after = "0";
        var ended = 0;
        while (ended < runs.Length)
        {
            // A new connection for every seven records, while the runs append.
            using var request = new HttpRequestMessage(HttpMethod.Get, "v1/events");
            request.Headers.TryAddWithoutValidation("Last-Event-ID", after);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
            var taken = 0;
            await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(Cancel)).EnumerateAsync(Cancel))
            {
                using var json = JsonDocument.Parse(item.Data);
                var record = json.RootElement.GetProperty("record");
                seen.Add((record.GetProperty("run").GetString()!, record.GetProperty("seq").GetInt64()));
                after = item.EventId!;
                ended += record.GetProperty("event").GetProperty("type").GetString() == "run.ended" ? 1 : 0;
                if (++taken == 7 || ended == runs.Length)
                {
                    break;
                }
            }
        }

        Assert.Equal(seen.Count, seen.Distinct().Count());
        foreach (var run in runs)
        {
            var own = seen.Where(s => s.Run == run.Value).Select(s => s.Seq).ToList();
            Assert.Equal(Enumerable.Range(0, (int)(await cairn.FindAsync(run.Value, Cancel)).Records).Select(i => (long)i), own);
        }
    }

    [Fact]
    public async Task A_socket_and_a_stream_of_one_run_say_the_same()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var cairn = daemon.Connect();
        var run = await cairn.StartAsync(daemon.Run(DaemonFixture.Command("echo 1 > a") + DaemonFixture.Done), Cancel);
        var recorder = new Recorder();
        await cairn.FollowAsync(run, recorder, Cancel);
        using var http = daemon.Http();
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://localhost/v1/runs/{run}/events?after=2&until=idle"), Invoker(daemon), Cancel);
        var ids = new List<long>();
        var buffer = new byte[1 << 20];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(length), Cancel);
                length += part.Count;
            }
            while (!part.EndOfMessage);

            if (part.MessageType == WebSocketMessageType.Close)
            {
                break;
            }

            using var json = JsonDocument.Parse(Encoding.UTF8.GetString(buffer, 0, length));
            if (json.RootElement.TryGetProperty("id", out var id))
            {
                ids.Add(long.Parse(id.GetString()!, null));
            }
        }

        Assert.Equal(recorder.Records.Select(r => r.Seq).Where(seq => seq > 2), ids);
    }

    [Fact]
    public async Task A_thousand_tiny_pieces_and_a_reader_that_reads_nothing_do_not_hold_up_the_run()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var cairn = daemon.Connect();
        using var http = daemon.Http();
        using var deaf = await http.GetAsync("v1/events?live=true", HttpCompletionOption.ResponseHeadersRead, Cancel);
        var run = await cairn.StartAsync(
            daemon.Run(DaemonFixture.Command("for i in $(seq 1000); do echo $i; done") + $"- text: \"{new string('w', 24_000)}\"\n  tool_calls: []\n" + DaemonFixture.Done), Cancel);
        Assert.Equal("succeeded", (await cairn.FollowAsync(run, new Recorder(), Cancel)).Status);
    }

    [Fact]
    public async Task What_a_slow_reader_cannot_take_is_dropped_and_counted_and_memory_stays_bounded()
    {
        var feed = new EventFeed();
        using var subscription = feed.Subscribe(null, live: true);
        for (var i = 0; i < Subscription.MaxPieces + 1000; i++)
        {
            feed.Output(RunId.Parse("r1"), $"{i}");
        }

        Assert.True(await subscription.WaitAsync(TimeSpan.FromSeconds(1), TimeProvider.System, Cancel));
        Assert.Equal(1000, subscription.TakeDropped());
        Assert.Equal(0, subscription.TakeDropped());
        var kept = new List<string>();
        while (subscription.TryTake(out var piece))
        {
            kept.Add(piece.Text);
        }

        Assert.Equal(Enumerable.Range(1000, Subscription.MaxPieces).Select(i => $"{i}"), kept);
    }

    [Fact]
    public async Task The_log_in_pages_is_the_log_whole_whatever_the_page()
    {
        var root = Directory.CreateTempSubdirectory("cairn-order-").FullName;
        try
        {
            using var store = StateStore.Open(new PosixDisk(), Path.Combine(root, "state"), TimeProvider.System);
            RunId[] runs = [.. Enumerable.Range(0, 5).Select(i => RunId.Parse($"r{i}"))];
            await Task.WhenAll(runs.Select(async run =>
            {
                for (var i = 0; i < 40; i++)
                {
                    await store.Journal.AppendAsync(run, i, [new CheckpointTaken($"{i}")], Cancel);
                }
            }));
            foreach (var page in new[] { 1, 7, 1000 })
            {
                var (after, seen) = (0L, new List<LoggedRecord>());
                while (store.ReadLog(after, page) is { Count: > 0 } found)
                {
                    Assert.True(found.Count <= page);
                    seen.AddRange(found);
                    after = found[^1].Position;
                }

                Assert.Equal(seen.Select(s => s.Position).Order(), seen.Select(s => s.Position));
                Assert.All(runs, run => Assert.Equal(Enumerable.Range(0, 40).Select(i => (long)i), seen.Where(s => s.Record.Run == run).Select(s => s.Record.Seq)));
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static HttpMessageInvoker Invoker(DaemonFixture daemon) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, token) =>
        {
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
            await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(daemon.Socket), token);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        },
    });
}
