using Cairn.Models;

namespace Cairn.Tests.Integration.Models;

/// <summary>The catalog against servers on the loopback; nothing of the process's environment is read.</summary>
public sealed class CatalogTests : IAsyncLifetime
{
    private FakeServer? _server;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private FakeServer Server => _server ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync() => _server = await FakeServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    [Fact]
    public async Task A_local_server_is_found_with_its_models_and_needs_no_key()
    {
        Server.Models = """{"object":"list","data":[{"id":"qwen3:8b","object":"model"},{"id":"llama3:latest","object":"model"}]}""";
        using var catalog = Catalog(("OLLAMA_HOST", Server.Address.Authority));
        var found = (await catalog.FindAsync(Now)).Single(f => f.Provider == "ollama");
        Assert.True(found.Available, found.Detail);
        Assert.Equal(["ollama:qwen3:8b", "ollama:llama3:latest"], found.Models);
        Assert.DoesNotContain(Server.Requests, r => r.Headers.ContainsKey("authorization"));
    }

    [Theory]
    [InlineData("ollama:qwen3:8b", "ollama:qwen3:8b")]
    [InlineData("qwen3:8b", "ollama:qwen3:8b")]
    [InlineData("llama3", "ollama:llama3:latest")]
    [InlineData("gpt-oss:20b", "ollama:gpt-oss:20b")]
    public async Task A_local_model_opens_by_id_and_by_bare_name(string asked, string opened)
    {
        Server.Models = """{"data":[{"id":"qwen3:8b"},{"id":"llama3:latest"},{"id":"gpt-oss:20b"}]}""";
        using var catalog = Catalog(("OLLAMA_HOST", Server.Address.Authority), ("OPENAI_API_KEY", "sk-1"));
        var (model, problem) = await catalog.OpenAsync(asked, Now);
        Assert.True(model is not null, problem);
        Assert.Equal(opened, model.Info.Id);
        Assert.Equal(0m, model.Info.Cost(new(1_000_000, 1_000_000)));
    }

    [Fact]
    public async Task A_bare_name_on_two_servers_is_asked_back()
    {
        Server.Models = """{"data":[{"id":"qwen"}]}""";
        using var catalog = Catalog(("VLLM_BASE_URL", Server.Address + "v1"), ("CAIRN_BASE_URL", Server.Address + "v1"));
        var (model, problem) = await catalog.OpenAsync("qwen", Now);
        Assert.Null(model);
        Assert.Contains("vllm:qwen or compatible:qwen", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_window_that_the_server_tells_is_taken()
    {
        Server.Models = """{"data":[{"id":"qwen","max_model_len":40960}]}""";
        using var catalog = Catalog(("VLLM_BASE_URL", Server.Address + "v1"));
        var (model, problem) = await catalog.OpenAsync("vllm:qwen", Now);
        Assert.True(model is not null, problem);
        Assert.Equal(40960, model.Info.ContextTokens);
        Assert.InRange(model.Info.MaxOutputTokens, 1, 40960 / 2);
    }

    [Fact]
    public async Task A_model_that_the_local_server_lacks_is_answered_with_those_it_has()
    {
        Server.Models = """{"data":[{"id":"qwen3:8b"}]}""";
        using var catalog = Catalog(("OLLAMA_HOST", Server.Address.Authority));
        var (model, problem) = await catalog.OpenAsync("ollama:mistral", Now);
        Assert.Null(model);
        Assert.Contains("has no model 'mistral'. It has: qwen3:8b. Get it with: ollama pull mistral.", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_local_server_that_is_not_there_is_named_with_the_way_to_start_it()
    {
        var address = Server.Address;
        await Server.DisposeAsync();
        using var catalog = Catalog(("OLLAMA_HOST", address.Authority));
        var (model, problem) = await catalog.OpenAsync("ollama:x", Now);
        Assert.Null(model);
        Assert.Contains("ollama serve", problem, StringComparison.Ordinal);
        Assert.Contains(address.Authority, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compatible_servers_get_the_older_name_of_the_token_limit_and_their_key()
    {
        Server.Enqueue(new FakeReply("""
            data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}

            data: [DONE]


            """));
        using var catalog = Catalog(("CAIRN_BASE_URL", Server.Address + "api/v1/"), ("CAIRN_API_KEY", "k-12345678"));
        var (model, problem) = await catalog.OpenAsync("compatible:vendor/m", Now);
        Assert.True(model is not null, problem);
        var outcome = await model.AskAsync(new() { Model = "vendor/m", Messages = [new(ChatRole.User, "Hi")], MaxOutputTokens = 77 }, null, Now);
        Assert.True(outcome.Response is not null, outcome.Failure?.Message);
        Assert.Null(outcome.Response.CostUsd);
        var request = Assert.Single(Server.Requests);
        Assert.Equal("/api/v1/chat/completions", request.Path);
        Assert.Equal("Bearer k-12345678", request.Headers["authorization"]);
        Assert.Equal(77, request.Json["max_tokens"]?.GetValue<int>());
        Assert.False(request.Json.ContainsKey("max_completion_tokens"));
    }

    [Fact]
    public async Task Only_this_machine_is_looked_at()
    {
        using var handler = new RefusingHandler();
        using var catalog = new ModelCatalog(new()
        {
            Environment = name => name switch { "OPENAI_API_KEY" => "sk-1", "OLLAMA_HOST" => "http://models.example:11434", _ => null },
            Time = TimeProvider.System,
            Handler = handler,
        });
        var found = await catalog.FindAsync(Now);
        Assert.True(found.Single(f => f.Provider == "openai").Available);
        Assert.False(found.Single(f => f.Provider == "anthropic").Available);
        Assert.False(found.Single(f => f.Provider == "vllm").Available);
        Assert.NotEmpty(handler.Asked);
        Assert.All(handler.Asked, uri => Assert.True(uri.IsLoopback, uri.ToString()));
    }

    // The other local providers look at a port where nothing listens: the developer's own servers stay out of the tests.
    private static ModelCatalog Catalog(params (string Name, string Value)[] set)
    {
        const string Nowhere = "http://127.0.0.1:9/v1";
        var environment = new Dictionary<string, string> { ["OLLAMA_HOST"] = Nowhere, ["LLAMACPP_BASE_URL"] = Nowhere, ["VLLM_BASE_URL"] = Nowhere };
        foreach (var (name, value) in set)
        {
            environment[name] = value;
        }

        return new(new() { Environment = environment.GetValueOrDefault, Time = TimeProvider.System, Limits = new() { Probe = TimeSpan.FromSeconds(10) } });
    }

    private sealed class RefusingHandler : HttpMessageHandler
    {
        public System.Collections.Concurrent.ConcurrentBag<Uri> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Add(request.RequestUri!);
            throw new HttpRequestException(HttpRequestError.ConnectionError);
        }
    }
}
