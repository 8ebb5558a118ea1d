using Cairn.Models;

namespace Cairn.Tests.Models;

public sealed class ModelRegistryTests
{
    [Fact]
    public void A_file_says_what_each_model_is_good_for_and_how_much_it_takes()
    {
        var registry = ModelRegistry.Parse(
            """
            models:
            - model: anthropic:one
              quality: {general: 0.8, tool_use: 1}
              capabilities: [images, tools, structured_output]
              concurrency: 2
              tokens_per_minute: 90000
            - model: ollama:two:7b
            policies:
              coding: {max_usd: 0.25, max_ms: 60000}
            """);
        var (one, two) = (registry.Models[0], registry.Models[1]);
        Assert.Equal((1.0, 0.8), (one.QualityFor(ModelSkill.ToolUse), one.QualityFor(ModelSkill.Coding)));
        Assert.Equal([ModelCapability.Tools, ModelCapability.Images, ModelCapability.StructuredOutput], one.Capabilities.ToArray());
        Assert.Equal((2, (int?)90_000), (one.Concurrency, one.TokensPerMinute));
        Assert.Equal(("ollama:two:7b", (double?)null, 8), (two.Model, two.QualityFor(ModelSkill.Coding), two.Concurrency));
        Assert.Equal(new(0.25m, 60_000), registry.Limits["coding"]);
    }

    [Theory]
    [InlineData("models: 1", "'models' is a list")]
    [InlineData("- 1", "a mapping with 'models' is expected")]
    [InlineData("models: []\nx: 1", "unknown key 'x'")]
    [InlineData("models: [{model: plain}]", "models[0].model is provider:name")]
    [InlineData("models: [{model: 'a:b', quality: {cooking: 1}}]", "'cooking' is none of general, coding, reasoning, tool_use")]
    [InlineData("models: [{model: 'a:b', quality: {coding: 2}}]", "models[0].quality.coding is 0 to 1")]
    [InlineData("models: [{model: 'a:b', quality: {coding: good}}]", "models[0].quality.coding is not a number")]
    [InlineData("models: [{model: 'a:b', concurrency: 0}]", "concurrency is 1 to")]
    [InlineData("models: [{model: 'a:b', tokens_per_minute: 0}]", "tokens_per_minute is 1 or more")]
    [InlineData("models: [{model: 'a:b'}, {model: 'a:b'}]", "a:b is there twice")]
    [InlineData("models: [", "this is no YAML")]
    public void A_wrong_file_is_refused_by_the_place_that_is_wrong(string text, string says) =>
        Assert.Contains(says, Assert.Throws<FormatException>(() => ModelRegistry.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_was_named_must_be_there()
    {
        var error = Assert.Throws<FormatException>(() => ModelRegistry.Load(name => name == ModelRegistry.FileVariable ? "/no/such/models.yaml" : null));
        Assert.Contains("CAIRN_MODELS names /no/such/models.yaml", error.Message, StringComparison.Ordinal);
        Assert.Empty(ModelRegistry.Load(name => name == "HOME" ? "/no/such/home" : null).Models);
    }
}
