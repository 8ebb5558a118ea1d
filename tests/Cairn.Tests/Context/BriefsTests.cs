using System.Globalization;
using Cairn.Kernel;

namespace Cairn.Tests.Context;

public sealed class BriefsTests
{
    [Fact]
    public void A_file_becomes_an_outline_with_its_header_signatures_and_gaps_and_says_how_to_see_the_rest()
    {
        var code = new List<string> { "using System;", "", "namespace Shop;", "", "public sealed class Basket", "{" };
        for (var i = 0; i < 20; i++)
        {
            code.AddRange([$"    public decimal Total{i}(int count)", "    {", "        var sum = 0m;", "        sum += count;", "        return sum;", "    }", ""]);
        }

        var text = "src/Basket.cs (version 0123456789ab, lines 1-146 of 146)\n" + string.Join('\n', code.Select((l, i) => string.Create(CultureInfo.InvariantCulture, $"{i + 1,6}\t{l}")));
        var brief = Briefs.Of("read_file", text, "result:3.1.17")!;
        Assert.StartsWith("src/Basket.cs (version 0123456789ab", brief, StringComparison.Ordinal);
        Assert.Contains("public sealed class Basket", brief, StringComparison.Ordinal);
        Assert.Contains("public decimal Total19(int count)", brief, StringComparison.Ordinal);
        Assert.DoesNotContain("sum += count", brief, StringComparison.Ordinal);
        Assert.Contains("[… 6 lines]", brief, StringComparison.Ordinal);
        Assert.Contains("`recall` result:3.1.17", brief, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("def total(self, items):", true)]
    [InlineData("    async def load(path):", true)]
    [InlineData("func (b *Basket) Total() int {", true)]
    [InlineData("pub fn total(&self) -> u32 {", true)]
    [InlineData("static int parse(const char *s)", true)]
    [InlineData("CREATE TABLE users (", true)]
    [InlineData("export function total(items) {", true)]
    [InlineData("    const sum = 0;", false)]
    [InlineData("    return total;", false)]
    [InlineData("    }", false)]
    public void An_outline_knows_declarations_of_many_languages(string line, bool kept)
    {
        var lines = Enumerable.Range(1, 60).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i,6}\t        x = x + {i};")).ToArray();
        lines[30] = $"    31\t{line}";
        var brief = Briefs.Of("read_file", "f (version 0, lines 1-60 of 60)\n" + string.Join('\n', lines), "result:1.1.1")!;
        Assert.Equal(kept, brief.Contains(line.Trim(), StringComparison.Ordinal));
    }

    [Fact]
    public void Of_a_commands_output_beginning_end_and_errors_stay()
    {
        var lines = Enumerable.Range(0, 400).Select(i => $"building part {i}").ToArray();
        lines[200] = "src/a.c:12:3: error: unknown type";
        var brief = Briefs.Of("run_command", "exit code 1, 3.00 s\n--- output\n" + string.Join('\n', lines), "result:2.1.9")!;
        Assert.All(["exit code 1", "src/a.c:12:3: error: unknown type", "building part 399", "building part 5"], l => Assert.Contains(l, brief, StringComparison.Ordinal));
        Assert.DoesNotContain("building part 100\n", brief, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_search_the_first_match_of_each_file_stays()
    {
        var text = "90 matches in 3 files\n" + string.Join('\n', Enumerable.Range(0, 90).Select(i => $"src/{i / 30}.cs:{i}: total"));
        var brief = Briefs.Of("search", text, "result:2.1.9")!;
        Assert.All(["90 matches", "src/0.cs:0:", "src/1.cs:30:", "src/2.cs:60:"], l => Assert.Contains(l, brief, StringComparison.Ordinal));
        Assert.DoesNotContain("src/1.cs:31:", brief, StringComparison.Ordinal);
    }

    [Fact]
    public void What_would_hardly_be_shorter_has_no_short_form() =>
        Assert.Null(Briefs.Of("run_command", string.Join('\n', Enumerable.Range(0, 30)), "result:1.1.1"));
}
