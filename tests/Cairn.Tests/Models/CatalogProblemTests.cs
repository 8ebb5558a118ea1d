using Cairn.Models;

namespace Cairn.Tests.Models;

/// <summary>What the catalog says without asking anybody.</summary>
public sealed class CatalogProblemTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", "OPENAI_API_KEY or ANTHROPIC_API_KEY")]
    [InlineData("openai:gpt-5", "set OPENAI_API_KEY")]
    [InlineData("gpt-5", "set OPENAI_API_KEY")]
    [InlineData("o4-mini", "set OPENAI_API_KEY")]
    [InlineData("anthropic:claude-opus-5-5", "set ANTHROPIC_API_KEY")]
    [InlineData("claude-opus-5-5", "set ANTHROPIC_API_KEY")]
    [InlineData("compatible:x", "set CAIRN_BASE_URL")]
    public async Task A_missing_setting_is_named(string id, string said)
    {
        using var catalog = Catalog();
        var (model, problem) = await catalog.OpenAsync(id, Now);
        Assert.Null(model);
        Assert.Contains(said, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OPENAI_API_KEY", "sk-abc def")]
    [InlineData("OPENAI_API_KEY", "\"sk-äbc\"")]
    [InlineData("OPENAI_BASE_URL", "ftp://x/v1")]
    [InlineData("OPENAI_BASE_URL", "no address")]
    public async Task A_broken_setting_is_named_and_its_value_is_not_shown(string variable, string value)
    {
        using var catalog = Catalog(("OPENAI_API_KEY", "sk-good"), (variable, value));
        var (model, problem) = await catalog.OpenAsync("openai:gpt-5", Now);
        Assert.Null(model);
        Assert.Contains(variable, problem, StringComparison.Ordinal);
        Assert.DoesNotContain(value, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("claude-sonnet-4-5-20250929", "anthropic", 200_000)]
    [InlineData("gpt-5-mini-2025-08-07", "openai", 400_000)]
    [InlineData("gpt-4.1", "openai", 1_047_576)]
    public async Task A_known_model_has_its_window_and_price(string name, string provider, int window)
    {
        using var catalog = Catalog(("OPENAI_API_KEY", "sk-1"), ("ANTHROPIC_API_KEY", "sk-2"));
        var (model, problem) = await catalog.OpenAsync(name, Now);
        Assert.True(model is not null, problem);
        Assert.Equal((provider, window), (model.Info.Provider, model.Info.ContextTokens));
        Assert.NotNull(model.Info.Cost(new(1, 1)));
        Assert.False(model.Info.Recorded);
    }

    [Fact]
    public async Task An_unknown_model_opens_without_a_price()
    {
        using var catalog = Catalog(("OPENAI_API_KEY", "sk-1"));
        var (model, _) = await catalog.OpenAsync("openai:gpt-99", Now);
        Assert.Null(model!.Info.Cost(new(1, 1)));
    }

    [Fact]
    public async Task The_window_of_an_unknown_model_can_be_said()
    {
        using var catalog = Catalog(("CAIRN_BASE_URL", "http://127.0.0.1:9/v1"), ("CAIRN_CONTEXT_TOKENS", "65536"));
        var (model, problem) = await catalog.OpenAsync("compatible:m", Now);
        Assert.True(model is not null, problem);
        Assert.Equal(65536, model.Info.ContextTokens);
    }

    [Theory]
    [InlineData("10.0.0.5", "http://10.0.0.5:11434/v1")]
    [InlineData("0.0.0.0", "http://127.0.0.1:11434/v1")]
    [InlineData(":8081", "http://127.0.0.1:8081/v1")]
    [InlineData("box:9999", "http://box:9999/v1")]
    [InlineData("https://box.example/ollama/v1", "https://box.example/ollama/v1")]
    public void Ollama_s_own_variable_is_understood(string value, string address)
    {
        var (endpoint, problem) = KnownProvider.Find("ollama")!.Resolve(name => name == "OLLAMA_HOST" ? value : null);
        Assert.True(endpoint is not null, problem);
        Assert.Equal(address, endpoint.Shown);
    }

    [Fact]
    public void Nothing_that_prints_an_endpoint_prints_its_key()
    {
        var (endpoint, _) = KnownProvider.Find("openai")!.Resolve(name => name switch
        {
            "OPENAI_API_KEY" => "sk-verysecretkey",
            "OPENAI_BASE_URL" => "https://user:hunter2@proxy.example/v1?token=abc",
            _ => null,
        });
        Assert.Equal("openai at https://proxy.example/v1", endpoint!.ToString());
        Assert.Equal("a [key] b [key]", endpoint.Quote("a sk-verysecretkey b sk-proj-12****9"));
    }

    [Fact]
    public void Each_price_has_a_date_a_source_and_sane_numbers()
    {
        Assert.NotEmpty(PriceTable.Rows);
        Assert.True(DateOnly.TryParse(PriceTable.Date, out var date));
        Assert.All(PriceTable.Rows, row =>
        {
            Assert.True(DateOnly.TryParse(row.Date, out var seen) && seen <= date, row.Name);
            Assert.StartsWith("https://", row.Source, StringComparison.Ordinal);
            Assert.True(row.CachedInput < row.Input && row.Input < row.Output && row.MaxOutput < row.Context, row.Name);
            Assert.True(row.CacheWrite is null || row.CacheWrite >= row.Input, row.Name);
        });
        Assert.Equal(PriceTable.Rows.Count, PriceTable.Rows.Select(r => (r.Provider, r.Name)).Distinct().Count());
    }

    [Fact]
    public void A_price_counts_cache_reads_writes_and_the_tier_of_long_prompts()
    {
        var row = new PricedModel("p", "m", 1000, 100, Input: 10m, CachedInput: 1m, Output: 50m, "2026-01-01", "https://x", CacheWrite: 12m,
            Long: new(Above: 500, Input: 20m, CachedInput: 2m, Output: 100m));
        Assert.Equal(((100 * 10m) + (200 * 1m) + (50 * 12m) + (10 * 50m)) / 1_000_000m, PriceTable.Cost(row, new(350, 10, 200), cacheWrites: 50));
        Assert.Equal(((401 * 20m) + (100 * 2m) + (10 * 100m)) / 1_000_000m, PriceTable.Cost(row, new(501, 10, 100), cacheWrites: 0));
        Assert.Null(PriceTable.Cost(null, new(1, 1), 0));
    }

    private static ModelCatalog Catalog(params (string Name, string Value)[] set)
    {
        var environment = new Dictionary<string, string>();
        foreach (var (name, value) in set)
        {
            environment[name] = value;
        }

        return new(new() { Environment = environment.GetValueOrDefault, Time = TimeProvider.System });
    }
}
