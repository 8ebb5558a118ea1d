namespace Cairn.Tests.Architecture;

public sealed class SourceRulesTests
{
    private static readonly string[] Product = ["src", "samples", "bench"];

    [Fact]
    public void No_file_is_too_long() =>
        SourceTree.AssertNone(
            SourceTree.CSharp(Product).SelectMany(file => SourceRules.TooLong(file, SourceRules.MaxLines))
                .Concat(SourceTree.CSharp("tests").SelectMany(file => SourceRules.TooLong(file, SourceRules.MaxTestLines))));

    [Fact]
    public void A_long_file_is_found()
    {
        Assert.Empty(SourceRules.TooLong(new SourceFile("a.cs", new string[400]), SourceRules.MaxLines));
        Assert.Single(SourceRules.TooLong(new SourceFile("a.cs", new string[401]), SourceRules.MaxLines));
    }

    [Fact]
    public void No_method_is_too_long() =>
        SourceTree.AssertNone(SourceTree.Projects("src", "samples").SelectMany(project =>
        {
            using var module = project.Open();
            return MethodLength.TooLong(module.Types).ToList();
        }));

    [Fact]
    public void A_long_method_is_found()
    {
        using var module = SourceTree.OpenModule(typeof(SourceRulesTests).Assembly.Location);
        var samples = module.Types.Single(type => type.Name == nameof(MethodLengthSamples));
        Assert.Equal(
            [nameof(MethodLengthSamples.Long), nameof(MethodLengthSamples.LongAsync)],
            MethodLength.TooLong([samples]).Select(found => found.Split(" takes")[0].Split('<', '>') is { Length: > 1 } parts ? parts[1] : found.Split(" takes")[0].Split('.')[^1]).Order());
    }

    [Fact]
    public void No_name_is_vague() =>
        SourceTree.AssertNone(SourceTree.Files([.. Product, "tests", "docs"]).SelectMany(SourceRules.Vague));

    [Theory]
    [InlineData("src/Cairn.Host/Utils/Text.cs")]
    [InlineData("src/Cairn.Host/TextHelpers.cs")]
    [InlineData("src/Cairn.Common/Text.cs")]
    [InlineData("src/Cairn.Host/SessionManager.cs")]
    [InlineData("src/Cairn.Host/misc/a.cs")]
    public void A_vague_name_is_found(string path) => Assert.Single(SourceRules.Vague(path));

    [Theory]
    [InlineData("src/Cairn.Host/Uncommon.cs")]
    [InlineData("src/Cairn.Host/Runs/RunLoop.cs")]
    public void A_telling_name_passes(string path) => Assert.Empty(SourceRules.Vague(path));

    [Fact]
    public void Files_are_named_for_their_types() =>
        SourceTree.AssertNone(SourceTree.CSharp(Product).SelectMany(SourceRules.MisplacedTypes));

    [Fact]
    public void A_misplaced_type_is_found()
    {
        Assert.Single(SourceRules.MisplacedTypes(Text("Other.cs", "public sealed class Thing", "{", "}")));
        Assert.Single(SourceRules.MisplacedTypes(Text("Thing.cs", ["public class Thing;", "internal class Guest", "{", .. new string[60], "}"])));
        Assert.Single(SourceRules.MisplacedTypes(Text("IShape.cs", "public enum Round { A }", "public enum Square { A }")));
        Assert.Single(SourceRules.MisplacedTypes(Text("Guests.cs", ["internal enum Other { A }", "internal class Guest", "{", .. new string[60], "}"])));
    }

    [Fact]
    public void Small_relatives_may_share_a_file()
    {
        Assert.Empty(SourceRules.MisplacedTypes(Text("Thing.cs", "public record Part(", "    int A);", "", "public class Thing", "{", "    int x;", "}")));
        Assert.Empty(SourceRules.MisplacedTypes(Text("Shapes.cs", "public enum Round { A }", "public readonly record struct Square(int A);")));
        Assert.Empty(SourceRules.MisplacedTypes(Text("Thing.Reading.cs", ["internal partial class Thing", "{", .. new string[90], "}"])));
        Assert.Empty(SourceRules.MisplacedTypes(Text("Program.cs", "return 0;")));
    }

    [Fact]
    public void Types_are_measured_to_their_end() =>
        Assert.Equal(
            [("A", 2), ("B", 4), ("C", 1), ("D", 5)],
            SourceRules.TopLevelTypes(Text(
                "x.cs",
                "public record A(int X,", "    int Y);", "internal class B", "{", "    int y;", "}", "public delegate void C(int x);",
                "public record D(int X)", "{", "    public int Z => 1;", "", "}")));

    [Fact]
    public void Nothing_is_left_open_in_the_source() =>
        SourceTree.AssertNone(SourceTree.Files(Product)
            .Where(path => Path.GetExtension(path) is ".cs" or ".md" or ".json" or ".yaml" or ".yml" or ".csproj" or ".c" or ".h" or ".sh")
            .SelectMany(path => SourceRules.LeftOver(SourceTree.Read(path))));

    [Fact]
    public void No_page_or_script_names_the_machine_that_it_was_written_on()
    {
        string[] pages = ["README.md", "AGENTS.md", "cairn", ".ci/run"];
        SourceTree.AssertNone(pages.Concat(SourceTree.Files("docs", "tests")).Where(IsText)
            .SelectMany(path => File.ReadLines(Path.Combine(SourceTree.Root, path))
                .Select((line, index) => (line, index))
                .Where(each => each.line.Contains(SourceTree.Root, StringComparison.Ordinal))
                .Select(each => $"{path}:{each.index + 1}")));

        static bool IsText(string path) => Path.GetExtension(path) is "" or ".md" or ".cs" or ".json" or ".yaml" or ".py" or ".csproj";
    }

    [Theory]
    [InlineData("// TO" + "DO: later")]
    [InlineData("<!-- FIX" + "ME -->")]
    [InlineData("throw new NotImplemented" + "Exception();")]
    [InlineData("var path = \"/ho" + "me/somebody/src\";")]
    [InlineData("// see /wo" + "rk/notes")]
    public void What_is_left_open_is_found(string line) => Assert.NotEmpty(SourceRules.LeftOver(Text("a.cs", line)));

    [Theory]
    [InlineData("var path = $\"{layer}/inner/index\";")]
    [InlineData("if (line.EndsWith(\"TO" + "DO\", StringComparison.Ordinal))")]
    [InlineData("var home = \"/home/agent\";")]
    [InlineData("Mastodon and hackneyed todos are fine")]
    public void Ordinary_lines_pass(string line) => Assert.Empty(SourceRules.LeftOver(Text("a.cs", line)));

    private static SourceFile Text(string path, params string[] lines) => new(path, [.. lines.Select(line => line ?? "")]);
}
