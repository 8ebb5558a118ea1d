using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Cairn.Host;
using Cairn.Sdk;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Daemon;

/// <summary>Who may call the API, what it says to wrong calls, and whether its description is true.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class DaemonApiTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Over_tcp_only_the_token_opens_and_only_under_a_loopback_name_and_no_foreign_origin()
    {
        await using var daemon = await DaemonFixture.StartAsync("--listen", "127.0.0.1:0");
        var address = new Uri(daemon.Report.GetProperty("address").GetString()!);
        var file = Path.Combine(daemon.State, "api-token");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(daemon.Socket));
        var token = await File.ReadAllTextAsync(file, Cancel);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token, null, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(null, null, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(token[..^1], null, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(token + "0", null, null));
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await StatusAsync(token, $"evil.example:{address.Port}", null));
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await StatusAsync(token, "127.0.0.1:1", null));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(token, null, "http://evil.example"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token, null, address.ToString().TrimEnd('/')));

        await using var cairn = RemoteCairn.Connect(address, token, null);
        var run = await cairn.StartAsync(daemon.Run(DaemonFixture.Done), Cancel);
        Assert.Equal("succeeded", (await cairn.FollowAsync(run, new Recorder(), Cancel)).Status);

        async Task<HttpStatusCode> StatusAsync(string? bearer, string? host, string? origin)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "v1/health");
            request.Headers.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
            request.Headers.Host = host;
            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }

            using var response = await http.SendAsync(request, Cancel);
            return response.StatusCode;
        }
    }

    [Theory]
    [InlineData("0.0.0.0:7000")]
    [InlineData("192.168.1.1:7000")]
    [InlineData("example.org:7000")]
    [InlineData("7000")]
    public void Only_loopback_addresses_are_listened_on(string listen) =>
        Assert.Contains("loopback", Assert.Throws<UserException>(() => ApiServer.ParseListen(listen)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_process_of_another_user_is_turned_away_even_when_the_file_modes_let_it_in()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Becoming another user needs root.");
        await using var daemon = await DaemonFixture.StartAsync();
        foreach (var path in new[] { Path.GetDirectoryName(daemon.State)!, daemon.State })
        {
            File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        }

        File.SetUnixFileMode(daemon.Socket, (UnixFileMode)0b110_110_110);
        const string Ask = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b'GET /v1/health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'); print(s.recv(99))";
        var ours = await HostProcess.RunAsync("/", new Dictionary<string, string>(), Cancel, "python3", "-c", Ask, daemon.Socket);
        Assert.Contains("200 OK", ours.Output, StringComparison.Ordinal);
        var other = await HostProcess.RunAsync("/", new Dictionary<string, string>(), Cancel,
            "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", "python3", "-c", Ask, daemon.Socket);
        Assert.DoesNotContain("200 OK", other.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_calls_get_problem_documents_that_say_what_is_wrong()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var http = daemon.Http();
        await Expect(404, HttpMethod.Get, "v1/runs/rnothing", null);
        await Expect(404, HttpMethod.Get, "v1/nothing", null);
        await Expect(404, HttpMethod.Get, $"v1/bodies/{new string('a', 64)}", null);
        await Expect(422, HttpMethod.Get, "v1/bodies/xyz", null);
        await Expect(400, HttpMethod.Post, "v1/runs", "{");
        await Expect(400, HttpMethod.Post, "v1/runs", """{"task":"x"}""");
        await Expect(400, HttpMethod.Post, "v1/runs", """{"task":"x","repository":"/r","misspelt":1}""");
        await Expect(422, HttpMethod.Post, "v1/runs", """{"task":"x","repository":"relative"}""");
        await Expect(422, HttpMethod.Post, "v1/runs", """{"task":"x","repository":"/","codeAgent":"nobody"}""");
        await Expect(413, HttpMethod.Post, "v1/runs", "\"" + new string('x', 2 << 20) + "\"");
        await Expect(415, HttpMethod.Post, "v1/runs", "x=1", "application/x-www-form-urlencoded");
        await using var cairn = daemon.Connect();
        var run = await cairn.StartAsync(daemon.Run(DaemonFixture.Done), Cancel);
        await cairn.FollowAsync(run, new Recorder(), Cancel);
        await Expect(409, HttpMethod.Post, $"v1/runs/{run}/resume", null);
        await Expect(422, HttpMethod.Get, $"v1/runs/{run}/state?at=c99", null);
        await Expect(422, HttpMethod.Get, $"v1/runs/{run}/events?after=never", null);
        await Expect(409, HttpMethod.Post, $"v1/runs/{run}/decisions/d1", """{"answer":"yes"}""");

        async Task Expect(int status, HttpMethod method, string path, string? body, string type = "application/json")
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, type) };
            request.Headers.ExpectContinue = body?.Length > 1 << 20;
            using var response = await http.SendAsync(request, Cancel);
            var text = await response.Content.ReadAsStringAsync(Cancel);
            Assert.True(status == (int)response.StatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            using var problem = JsonDocument.Parse(text);
            Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
            Assert.NotEmpty(problem.RootElement.GetProperty("detail").GetString()!);
        }
    }

    [Fact]
    public async Task The_description_names_every_call_and_no_other()
    {
        var state = Directory.CreateTempSubdirectory("cairn-api-").FullName;
        try
        {
            await using var daemon = await CairnDaemon.StartAsync(new(new HostOptions(state, null!, _ => null)), Cancel);
            using var document = JsonDocument.Parse(ApiRoutes.OpenApi());
            var described = document.RootElement.GetProperty("paths").EnumerateObject()
                .SelectMany(path => path.Value.EnumerateObject().Select(call => $"{call.Name.ToUpperInvariant()} {path.Name}"));
            Assert.Equal(daemon.Routes, described.Order(StringComparer.Ordinal));
            Assert.Equal(daemon.Routes.Count, daemon.Routes.Distinct().Count());
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }
}
