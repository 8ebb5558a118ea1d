using System.Collections.Concurrent;
using System.Net;
using Cairn.Sandbox.Egress;
using Cairn.Tests.Integration.Sandbox;

namespace Cairn.Tests.Integration.Egress;

public sealed class EgressTests : IAsyncLifetime
{
    private readonly SandboxFixture _fixture = new();
    private readonly PlainServer _server = new();
    private IWorkspace _workspace = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _workspace = _fixture.Open();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _workspace.DisposeAsync();
        await _server.DisposeAsync();
        _fixture.Dispose();
    }

    [Fact]
    public async Task Without_a_rule_nothing_in_the_sandbox_reaches_a_server_of_the_machine()
    {
        await using var network = Network();
        var result = await RunAsync(network, $"curl -sS --max-time 5 http://127.0.0.1:{_server.Port}/");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_command_that_does_not_ask_for_the_network_has_none()
    {
        await using var network = Network($"127.0.0.1:{_server.Port}");
        var command = new SandboxCommand(["sh", "-c", $"ls /run; curl -sS --noproxy '' -x http://127.0.0.1:{RunNetwork.ProxyPort} --max-time 5 http://127.0.0.1:{_server.Port}/"]);
        var result = await _workspace.RunAsync(network.Connect(command, _workspace.Root), Cancel);
        Assert.NotEqual(0, result.ExitCode);
        Assert.DoesNotContain("cairn", result.Output, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Theory]
    [InlineData("curl -sS --noproxy '' --max-time 20 http://127.0.0.1:PORT/page")]
    [InlineData("""env -u no_proxy -u NO_PROXY /usr/bin/python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:PORT/page", timeout=20).read().decode())'""")]
    public async Task Curl_and_pythons_urllib_reach_the_one_server_that_is_allowed(string line)
    {
        await using var network = Network($"127.0.0.1:{_server.Port}");
        var result = await RunAsync(network, line.Replace("PORT", $"{_server.Port}", StringComparison.Ordinal));
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("hello from outside", result.Output, StringComparison.Ordinal);
        Assert.StartsWith("GET /page HTTP/1.1\r\n", Assert.Single(_server.Requests), StringComparison.Ordinal);
        var access = Assert.Single(network.TakeLog());
        Assert.Equal(("127.0.0.1", _server.Port, "GET", NetworkAccess.Allowed, 1), (access.Host, access.Port, access.Method, access.Verdict, access.Count));
        Assert.True(access.Sent > 20 && access.Received > 20);
        Assert.Empty(network.TakeLog());
    }

    [Fact]
    public async Task A_tunnel_goes_to_the_allowed_port_only()
    {
        await using var other = new PlainServer();
        await using var network = Network($"127.0.0.1:{_server.Port}");
        var result = await RunAsync(network, $"curl -sS --noproxy '' -p --max-time 20 http://127.0.0.1:{_server.Port}/; curl -sS --noproxy '' -p --max-time 20 http://127.0.0.1:{other.Port}/");
        Assert.Contains("hello from outside", result.Output, StringComparison.Ordinal);
        Assert.Contains("403", result.Error, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
        Assert.Equal([("CONNECT", true), ("CONNECT", false)], network.TakeLog().Select(a => (a.Method, a.Verdict == NetworkAccess.Allowed)));
    }

    [Fact]
    public async Task A_name_with_a_private_address_is_refused_unless_the_rule_says_so()
    {
        await using var refusing = Network(Options([new("inside.example", _server.Port, [])], "10.0.0.1"));
        var result = await RunAsync(refusing, $"curl -sS --max-time 20 http://inside.example:{_server.Port}/");
        Assert.Contains("is private", result.Output, StringComparison.Ordinal);
        Assert.Contains("is private", Assert.Single(refusing.TakeLog()).Verdict, StringComparison.Ordinal);
        await using var allowing = Network(Options([new("inside.example", _server.Port, [], Private: true)], "127.0.0.1"));
        Assert.Contains("hello", (await RunAsync(allowing, $"curl -sS --max-time 20 http://inside.example:{_server.Port}/")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_resolves_otherwise_the_second_time_gains_nothing()
    {
        var answers = new ConcurrentQueue<string>(["203.0.113.9", "127.0.0.1", "127.0.0.1", "127.0.0.1"]);
        var asked = 0;
        await using var network = Network(Options([new("rebind.example", _server.Port, [])], "") with
        {
            Resolve = (_, _) =>
            {
                asked++;
                return Task.FromResult<IPAddress[]>([IPAddress.Parse(answers.TryDequeue(out var next) ? next : "127.0.0.1")]);
            },
            Patience = TimeSpan.FromSeconds(2),
        });
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<NetworkException>(() => network.GetAsync(new Uri($"http://rebind.example:{_server.Port}/"), 1000, Cancel));
        }

        // One look-up for each request: what was checked is what is connected to.
        Assert.Equal(3, asked);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Only_the_permitted_one_of_several_addresses_is_connected_to()
    {
        await using var network = Network(Options([new("mixed.example", _server.Port, [])], "127.0.0.1", "10.0.0.1"));
        Assert.True((await Assert.ThrowsAsync<NetworkException>(() => network.GetAsync(new Uri($"http://mixed.example:{_server.Port}/"), 1000, Cancel))).IsDenied);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_method_that_is_not_allowed_is_refused_also_behind_one_that_is()
    {
        await using var network = Network(Options([new("127.0.0.1", _server.Port, ["GET"])]));
        var result = await RunAsync(network, $"curl -sS --noproxy '' --max-time 20 -d x=1 http://127.0.0.1:{_server.Port}/");
        Assert.Contains("POST to 127.0.0.1", result.Output, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
        const string Script = """
            import socket, sys
            s = socket.create_connection(("127.0.0.1", 3128))
            at = "127.0.0.1:PORT"
            s.sendall(("GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\nPOST http://%s/evil HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n" % (at, at, at, at)).encode())
            while s.recv(4096): pass
            """;
        await RunAsync(network, $"/usr/bin/python3 -c '{Script.Replace("PORT", $"{_server.Port}", StringComparison.Ordinal)}'");
        Assert.StartsWith("GET / ", Assert.Single(_server.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_chunks_and_one_of_a_length_arrive_whole()
    {
        await using var network = Network($"127.0.0.1:{_server.Port}");
        var result = await RunAsync(network, $"head -c 300000 /dev/zero | curl -sS --noproxy '' --max-time 20 -T - http://127.0.0.1:{_server.Port}/up; head -c 300000 /dev/zero >/tmp/z; curl -sS --noproxy '' --max-time 20 -T /tmp/z http://127.0.0.1:{_server.Port}/up");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.True(network.TakeLog().Sum(a => a.Sent) > 600_000);
    }

    [Fact]
    public async Task A_secret_is_added_outside_and_never_enters_the_sandbox()
    {
        var rule = new NetworkRule("127.0.0.1", _server.Port, []) { Credential = new("Authorization", "Bearer ", "MY_TOKEN") };
        await using var network = Network(Options([rule]) with { Secret = name => name == "MY_TOKEN" ? "s3cr3t-value" : null });
        var result = await RunAsync(network, $"curl -sS --noproxy '' --max-time 20 -H 'Authorization: mine' http://127.0.0.1:{_server.Port}/; env; cat /proc/self/environ /proc/1/environ 2>/dev/null");
        Assert.Contains("Authorization: Bearer s3cr3t-value\r\n", Assert.Single(_server.Requests), StringComparison.Ordinal);
        Assert.DoesNotContain("mine", Assert.Single(_server.Requests), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", result.Output + result.Error + string.Join(' ', network.TakeLog()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_a_host_repeats_is_masked_for_programs_and_for_tools()
    {
        // As pages do that show what was asked of them: in the head and in the body, and compressed for who wants that.
        await using var mirror = new PlainServer(head => PlainServer.Ok(head).Replace("\r\n\r\n", $"\r\nX-Seen: {head.Split("Bearer ")[1].Split('\r')[0]}\r\n\r\n", StringComparison.Ordinal));
        var rule = new NetworkRule("127.0.0.1", mirror.Port, []) { Credential = new("Authorization", "Bearer ", "MY_TOKEN") };
        await using var network = Network(Options([rule]) with { Secret = _ => "s3cr3t-value" });
        var result = await RunAsync(network, $"curl -sSi --compressed --noproxy '' --max-time 20 http://127.0.0.1:{mirror.Port}/");
        var page = System.Text.Encoding.UTF8.GetString((await network.GetAsync(new Uri($"http://127.0.0.1:{mirror.Port}/"), 10_000, Cancel)).Body.Span);
        await using var line = network.OpenLine();
        using var http = new HttpClient(line.Handler, disposeHandler: false);
        var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{mirror.Port}/"), Cancel);
        var client = answer.Headers.ToString() + await answer.Content.ReadAsStringAsync(Cancel);
        Assert.Equal(3, mirror.Requests.Count(r => r.Contains("Authorization: Bearer s3cr3t-value\r\n", StringComparison.Ordinal)));
        Assert.All([result.Output, page, client], text =>
        {
            Assert.Contains("Authorization: Bearer ************", text, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cr3t-value", text, StringComparison.Ordinal);
        });
        Assert.All([result.Output, client], text => Assert.Contains("X-Seen: ************", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_policy_has_its_say_on_hosts_and_secrets()
    {
        var rule = new NetworkRule("127.0.0.1", _server.Port, []) { Credential = new("Authorization", "", "MY_TOKEN") };
        var asked = new ConcurrentQueue<AccessRequest>();
        await using var network = Network(Options([rule]) with
        {
            Secret = _ => "x",
            Permit = need =>
            {
                asked.Enqueue(need);
                return need.Action == "secret.use" ? "Denied by policy test" : null;
            },
        });
        var result = await RunAsync(network, $"curl -sS --noproxy '' --max-time 20 http://127.0.0.1:{_server.Port}/");
        Assert.Contains("Denied by policy test", result.Output, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
        Assert.Equal([("net.connect", "127.0.0.1"), ("secret.use", "MY_TOKEN")], asked.Select(a => (a.Action, a.Name)));
    }

    [Fact]
    public async Task Nonsense_is_answered_and_hurts_nobody()
    {
        await using var network = Network($"127.0.0.1:{_server.Port}");
        var result = await RunAsync(network, """
            for text in 'BREW pot\r\n\r\n' 'GET / HTTP/1.1\r\n\r\n' 'CONNECT nowhere HTTP/1.1\r\n\r\n' 'GET file:///etc/passwd HTTP/1.1\r\n\r\n' 'GET http://u:p@127.0.0.1/ HTTP/1.1\r\n\r\n'; do
              printf "$text" | curl -sS --noproxy '*' --max-time 5 telnet://127.0.0.1:3128 | head -1
            done
            """);
        Assert.Equal(5, result.Output.Split("400 Bad Request").Length - 1);
        Assert.Equal(0, (await RunAsync(network, $"curl -sS --noproxy '' --max-time 20 http://127.0.0.1:{_server.Port}/")).ExitCode);
    }

    [Fact]
    public async Task No_process_and_no_socket_stays_behind()
    {
        string directory;
        await using (var network = Network($"127.0.0.1:{_server.Port}"))
        {
            var command = network.Connect(new SandboxCommand(["true"]) { Network = true }, _workspace.Root);
            directory = command.Mounts[0].Source;
            Assert.Equal(0, (await _workspace.RunAsync(command, Cancel)).ExitCode);
            Assert.Equal(127, (await _workspace.RunAsync(network.Connect(new SandboxCommand(["no-such-program"]) { Network = true }, _workspace.Root), Cancel)).ExitCode);
        }

        Assert.False(Directory.Exists(directory));
        await EndToEnd.Scene.NobodyRunsAsync("/run/cairn/proxy");
    }

    private static RunNetwork Network(params string[] rules) => Network(Options([.. rules.Select(NetworkRules.Parse)]));

    private static RunNetwork Network(EgressOptions options) => new(options);

    private static EgressOptions Options(IEnumerable<NetworkRule> rules, params string[] addresses) => new()
    {
        Rules = [.. rules.Select(NetworkRules.Check)],
        Resolve = (_, _) => Task.FromResult(addresses.Where(a => a.Length > 0).Select(IPAddress.Parse).ToArray()),
    };

    private Task<SandboxResult> RunAsync(RunNetwork network, string script) =>
        _workspace.RunAsync(network.Connect(new SandboxCommand(["sh", "-c", script]) { Network = true }, _workspace.Root), Cancel);
}
