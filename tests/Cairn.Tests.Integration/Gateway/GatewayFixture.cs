using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Host;
using Cairn.Models;
using Cairn.Tests.Integration.Models;

namespace Cairn.Tests.Integration.Gateway;

/// <summary>A daemon with its gateway on the loopback, and scripted providers behind it that speak each wire format.</summary>
internal sealed class GatewayFixture : IAsyncDisposable
{
    public const string ProviderKey = "sk-provider-0123456789SECRET";

    private readonly string _state = Directory.CreateTempSubdirectory("cairn-gateway-").FullName;
    private CairnDaemon _daemon = null!;

    private readonly ModelLimits _limits;

    private GatewayFixture(FakeServer provider, ModelLimits limits) => (Provider, _limits) = (provider, limits);

    /// <summary>Answers whatever provider is asked.</summary>
    public FakeServer Provider { get; }

    public string State => _state;

    public Uri Address => _daemon.Address!;

    /// <summary>The secret of a key without limits.</summary>
    public string Secret { get; private set; } = "";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static async Task<GatewayFixture> StartAsync(ModelLimits? limits = null)
    {
        var fixture = new GatewayFixture(await FakeServer.StartAsync(), limits ?? new());
        await fixture.ServeAsync();
        fixture.Secret = fixture.Key(k => k);
        return fixture;
    }

    public async Task ServeAsync()
    {
        var environment = new Dictionary<string, string>
        {
            ["OPENAI_API_KEY"] = ProviderKey,
            ["OPENAI_BASE_URL"] = new Uri(Provider.Address, "v1").ToString(),
            ["ANTHROPIC_API_KEY"] = ProviderKey,
            ["ANTHROPIC_BASE_URL"] = Provider.Address.ToString(),
            ["CAIRN_BASE_URL"] = new Uri(Provider.Address, "v1").ToString(),
        };
        _daemon = await CairnDaemon.StartAsync(new(new HostOptions(_state, null!, environment.GetValueOrDefault) { ModelLimits = _limits }) { Listen = "127.0.0.1:0" }, Now);
    }

    /// <summary>Stops the daemon in order and starts the next one.</summary>
    public async Task RestartAsync()
    {
        await _daemon.DisposeAsync();
        await ServeAsync();
    }

    /// <summary>Makes a key and gives its secret.</summary>
    public string Key(Func<GatewayKey, GatewayKey> make) => new KeyFile(_state, TimeProvider.System).Create(make).Secret;

    public HttpClient Http(string? secret = null)
    {
        var http = new HttpClient { BaseAddress = Address };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {secret ?? Secret}");
        return http;
    }

    public async Task<(HttpStatusCode Status, string Body)> PostAsync(string path, string body, string? secret = null)
    {
        using var http = Http(secret);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        http.DefaultRequestHeaders.ExpectContinue = body.Length > 1 << 20;
        using var response = await http.PostAsync(path, content, Now);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Now));
    }

    /// <summary>What was recorded of each call.</summary>
    public List<JsonNode> Calls() =>
        [.. File.ReadAllLines(Path.Combine(_state, "gateway-calls.jsonl")).Select(l => JsonNode.Parse(l)!)];

    /// <summary>The path of a format, a request to it, and the model whose provider speaks a format.</summary>
    public static string PathOf(WireFormat format) => format switch
    {
        WireFormat.Chat => "/v1/chat/completions",
        WireFormat.Responses => "/v1/responses",
        _ => "/v1/messages",
    };

    /// <summary>compatible speaks Chat only; anthropic Messages only; openai both of OpenAI's.</summary>
    public static string ModelOf(WireFormat format) => format switch
    {
        WireFormat.Chat => "compatible:test-model",
        WireFormat.Responses => "openai:test-model",
        _ => "anthropic:test-model",
    };

    public static string Question(WireFormat format, string model, bool stream) => format switch
    {
        WireFormat.Chat => JsonSerializer.Serialize(new { model, stream, future_field = new { a = 1 }, messages = new[] { new { role = "user", content = "Hi" } } }),
        WireFormat.Responses => JsonSerializer.Serialize(new { model, stream, future_field = new { a = 1 }, input = "Hi" }),
        _ => JsonSerializer.Serialize(new { model, stream, max_tokens = 100, future_field = new { a = 1 }, messages = new[] { new { role = "user", content = "Hi" } } }),
    };

    public static string Wire(WireFormat format, FakeAnswer answer) => format switch
    {
        WireFormat.Chat => OpenAiConformanceTests.WireOf(answer),
        WireFormat.Responses => ResponsesConformanceTests.Answer(answer),
        _ => AnthropicConformanceTests.WireOf(answer),
    };

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        await Provider.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }
}
