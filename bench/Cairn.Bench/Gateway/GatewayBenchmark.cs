using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cairn.Bench.Steps;
using Cairn.Bench.Workload;

namespace Cairn.Bench.Gateway;

/// <summary>
/// What a gateway adds to a call: the backend alone, our gateway twice (A/A), and Portkey's, as processes of their own that live
/// through all rounds, asked in ABBA order. Then memory per open stream, and WebSocket turns beside HTTP turns.
/// </summary>
internal static class GatewayBenchmark
{
    private const string Direct = "backend alone";
    private const string OwnName = "Cairn gateway";
    private const int Connections = 16;
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "rounds", "requests", "seconds", "streams", "turns", "peers", "dir", "json");
        var log = options.Has("json") ? Console.Error : output;
        var root = Path.Combine(Path.GetFullPath(options.Text("dir", Environment.CurrentDirectory)), $".cairn-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(root);
        Directory.CreateDirectory("artifacts/bench");
        var servers = new List<Server>();
        try
        {
            var load = Machine.Load();
            var missing = Start(servers, root, options.Text("peers", "portkey"), log);
            var (rounds, requests) = (options.Number("rounds", 10), options.Number("requests", 300));
            var rows = Measure(servers, rounds, requests, TimeSpan.FromSeconds(options.Number("seconds", 1)), log);
            var memory = Memory(servers.Skip(1).Where(s => !s.Name.EndsWith("(A/A)", StringComparison.Ordinal)), options.Numbers("streams", "1,10,100,1000"), log);
            var turns = await SocketTurns.MeasureAsync(servers[1], options.Number("turns", 24), rounds, cancellationToken);
            var report = new GatewayReport(
                "gateway", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), Machine.Settings(root), load, Machine.Load(),
                rounds, requests, Connections, rows, memory, turns, missing);
            var json = JsonSerializer.Serialize(report, BenchJson.Default.GatewayReport);
            await File.WriteAllTextAsync($"artifacts/bench/gateway-{DateTimeOffset.UtcNow:yyyyMMdd-HHmmss}.json", json, cancellationToken);
            output.WriteLine(options.Has("json") ? json : report.Text());
            return 0;
        }
        finally
        {
            Enumerable.Reverse(servers).ToList().ForEach(s => s.Dispose());
            Directory.Delete(root, recursive: true);
        }
    }

    private static List<string> Start(List<Server> servers, string root, string peers, TextWriter log)
    {
        var missing = new List<string>();
        var mock = Server.Own(Direct, "gateway-mock");
        servers.Add(mock);
        foreach (var name in new[] { OwnName, $"{OwnName} (A/A)" })
        {
            var directory = Path.Combine(root, $"state{servers.Count}");
            servers.Add(Server.Own(name, "gateway-own", "--dir", directory, "--backend", $"{mock.Port}"));
        }

        if (peers == "portkey")
        {
            var (folder, problem) = PeerInstall.Install("portkey", Path.GetFullPath("artifacts/bench/peers"), log);
            if (folder is null)
            {
                missing.Add($"Portkey gateway: {problem}");
            }
            else
            {
                servers.Add(Server.Portkey(folder, mock.Port));
            }
        }

        return missing;
    }

    private static List<GatewayRow> Measure(List<Server> servers, int rounds, int requests, TimeSpan busy, TextWriter log)
    {
        var rows = servers.ConvertAll(s => new GatewayRow(s.Name));
        foreach (var server in servers)
        {
            var start = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(start) < Warm)
            {
                One(server, 100, TimeSpan.FromMilliseconds(200), new GatewayRow(""));
            }
        }

        for (var round = 0; round < rounds; round++)
        {
            foreach (var i in round % 2 == 0 ? Enumerable.Range(0, servers.Count) : Enumerable.Range(0, servers.Count).Reverse())
            {
                One(servers[i], requests, busy, rows[i]);
            }

            log.WriteLine($"round {round + 1} of {rounds}, load {Machine.Load()}");
        }

        return rows;
    }

    private static void One(Server server, int requests, TimeSpan busy, GatewayRow row)
    {
        var (whole, stream) = (Request(server, stream: false), Request(server, stream: true));
        using var client = new LoadClient(server.Port);
        var times = Enumerable.Range(0, requests).Select(_ => client.Ask(whole).AllUs).Order().ToList();
        row.P50.Add(times[times.Count / 2]);
        row.P99.Add(times[times.Count * 99 / 100]);
        var streams = Enumerable.Range(0, requests).Select(_ => client.Ask(stream)).ToList();
        row.First.Add(Bootstrap.Median([.. streams.Select(s => s.FirstUs)]));
        row.Stream.Add(Bootstrap.Median([.. streams.Select(s => s.AllUs)]));
        var (rate, cpu) = Busy(server, whole, busy);
        row.Rate.Add(rate);
        row.CpuUs.Add(cpu);
        row.StreamCpuUs.Add(Busy(server, stream, busy).CpuUs);
    }

    /// <summary>As many requests as go through over a few connections.</summary>
    private static (double PerSecond, double CpuUs) Busy(Server server, byte[] request, TimeSpan time)
    {
        var done = 0L;
        var (cpu, start) = (server.CpuSeconds, Stopwatch.GetTimestamp());
        var threads = Enumerable.Range(0, Connections).Select(_ => new Thread(() =>
        {
            byte[] own = [.. request];
            using var client = new LoadClient(server.Port);
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                client.Ask(own);
                Interlocked.Increment(ref done);
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        return (done / Stopwatch.GetElapsedTime(start).TotalSeconds, (server.CpuSeconds - cpu) * 1e6 / done);
    }

    /// <summary>Resident memory that each open stream adds, all of them having sent their first piece.</summary>
    private static List<StreamMemory> Memory(IEnumerable<Server> servers, IReadOnlyList<int> counts, TextWriter log)
    {
        var found = new List<StreamMemory>();
        foreach (var server in servers)
        {
            foreach (var count in counts)
            {
                var held = Request(server, stream: true, MockBackend.Held);
                var before = server.ResidentKb;
                var open = new List<LoadClient>();
                try
                {
                    for (var i = 0; i < count; i++)
                    {
                        open.Add(new LoadClient(server.Port));
                        open[^1].Begin(held);
                    }

                    found.Add(new(server.Name, count, before, server.ResidentKb));
                }
                finally
                {
                    open.ForEach(o => o.Dispose());
                }

                log.WriteLine($"{count} streams through {server.Name}");
                WaitIdle(server);
            }
        }

        return found;
    }

    /// <summary>Until it has seen that its clients are gone.</summary>
    private static void WaitIdle(Server server)
    {
        double before;
        do
        {
            before = server.CpuSeconds;
            Thread.Sleep(300);
        }
        while (server.CpuSeconds - before > 0.02);
    }

    private static byte[] Request(Server server, bool stream, string model = "mock")
    {
        var name = server.Name.StartsWith(OwnName, StringComparison.Ordinal) ? $"openai:{model}" : model;
        var prompt = string.Concat(Enumerable.Repeat("What is the state of things? ", 35));
        var body = $$"""{"model":"{{name}}"{{(stream ? ",\"stream\":true" : "")}},"max_tokens":300,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"#{{HttpText.Number}} {{prompt}}"}]}""";
        return HttpText.Post("/v1/chat/completions", server.Port, server.Headers, body);
    }
}
