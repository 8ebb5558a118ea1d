using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Tools.Lsp;

public sealed class RealServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pyright_answers_about_a_real_python_project()
    {
        using var repository = await RealRepository.GetAsync("xmltodict", Cancel);
        await using var bench = await LspBench.OverAsync(repository.Root, "pyright");

        var references = await bench.Exact<PlacesData>("find_references", new { symbol = "parse", path = "xmltodict.py", line = (int?)null, context_lines = 0, max_results = (int?)null });
        Assert.True(references.Complete);
        var declaration = Assert.Single(references.Places, p => p.Kind == "declaration");
        Assert.Equal("xmltodict.py", declaration.Path);
        Assert.StartsWith("def parse(", declaration.Text, StringComparison.Ordinal);
        Assert.Contains(references.Places, p => p.Path == "tests/test_xmltodict.py" && p.Text.Contains("parse(", StringComparison.Ordinal));
        Assert.DoesNotContain(references.Places, p => p.Text.Contains("unparse(", StringComparison.Ordinal));

        var shown = await bench.References("parse", "xmltodict.py");
        Assert.Equal(ToolStatus.Ok, shown.Status);
        Assert.Contains(shown.Context!.Files, f => f.Path == "tests/test_xmltodict.py" && f.From > 0);

        Assert.Contains("class _DictSAXHandler", (await bench.Inspect("_DictSAXHandler", "xmltodict.py", "hover")).Text, StringComparison.Ordinal);
        Assert.Contains("in parse", (await bench.Inspect("_DictSAXHandler", "xmltodict.py", "callers")).Text, StringComparison.Ordinal);
        var symbols = await bench.Call("list_symbols", new { path = "xmltodict.py", query = (string?)null });
        Assert.Contains("class _DictSAXHandler", symbols.Text, StringComparison.Ordinal);
        Assert.Contains("method push_data", symbols.Text, StringComparison.Ordinal);
        Assert.Contains("function unparse", (await bench.Call("list_symbols", new { path = (string?)null, query = "unparse" })).Text.Replace("[function]", "function", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
