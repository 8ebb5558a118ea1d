using Cairn.Memory.Cypher;
using Cairn.Memory.Fusion;
using Cairn.Memory.Indexing;
using Cairn.Tests.Sandbox;

namespace Cairn.Tests.Memory.Fusion;

/// <summary>A pattern and keys beside words.</summary>
public sealed class PatternHitsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("(a)-[:CALLS]->(b", "line 1, column 17")]
    [InlineData("(a)\n  -[:CALLS]>(b)", "line 2")]
    [InlineData("MATCH (a) RETURN", "line 1, column 17")]
    public void A_pattern_that_cannot_be_understood_is_told_at_its_place_within_the_pattern(string pattern, string place) =>
        Assert.StartsWith(place, Assert.Throws<CypherException>(() => PatternHits.Parse(pattern)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("(:Method {name: 'Run'})-[:CALLS]->(x)", "a.cs#A.Run b.cs#B.Help")]
    [InlineData("(x:Method) WHERE x.name = 'Help'", "b.cs#B.Help")]
    [InlineData("MATCH (:Method {name: 'Run'})-[c:CALLS]->() RETURN {edges: [c]}", "a.cs#A.Run b.cs#B.Help")]
    [InlineData("MATCH (x:Method) RETURN x.name", "")]
    public async Task What_a_pattern_finds_is_in_the_answer_and_says_so(string pattern, string keys)
    {
        var answer = await new CodeSearch(await ModelAsync(), TimeProvider.System).AskAsync("", PatternHits.Parse(pattern), [], 10, Cancel);
        Assert.Equal(keys, string.Join(' ', answer.Hits.Select(hit => hit.Key).Order(StringComparer.Ordinal)));
        Assert.All(answer.Hits, hit => Assert.Equal("pattern", Assert.Single(hit.Reasons).Store));
    }

    [Fact]
    public async Task What_is_asked_for_by_key_comes_first_and_what_too_much_work_was_for_is_named()
    {
        var search = new CodeSearch(await ModelAsync(), TimeProvider.System);
        var answer = await search.AskAsync("who calls Help", PatternHits.Parse("MATCH (a) RETURN 1 / 0"), ["c.cs"], 10, Cancel);
        Assert.Equal("c.cs", answer.Hits[0].Key);
        Assert.Contains(answer.Hits, hit => hit.Key == "b.cs#B.Help");
        Assert.Contains("line 1", answer.Silent["pattern"], StringComparison.Ordinal);
    }

    private static async Task<CodeModel> ModelAsync()
    {
        var workspace = new InMemoryWorkspace(("a.cs", "class A { void Run() { Help(); } }"), ("b.cs", "class B { void Help() { } }"), ("c.cs", "class C { }"));
        return (await new CodeIndexer(null, null).RefreshAsync(CodeModel.Empty, workspace, null, Cancel)).Model;
    }
}
