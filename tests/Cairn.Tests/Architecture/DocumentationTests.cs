namespace Cairn.Tests.Architecture;

public sealed class DocumentationTests
{
    private const int MaxAgentsLines = 60;

    [Fact]
    public void Every_public_type_is_explained() =>
        SourceTree.AssertNone(SourceTree.Projects("src").SelectMany(project =>
        {
            using var module = project.Open();
            return DocumentationRules.Unexplained(module.Types, File.ReadAllText(project.Documentation)).ToList();
        }));

    [Fact]
    public void An_unexplained_type_is_found()
    {
        using var module = SourceTree.OpenModule(typeof(RunId).Assembly.Location);
        var types = module.Types.Where(type => type.Name == nameof(RunId)).ToList();
        const string Name = "T:Cairn.Abstractions.RunId";
        Assert.Empty(DocumentationRules.Unexplained(types, $"""<doc><members><member name="{Name}"><summary>A run.</summary></member></members></doc>"""));
        Assert.Single(DocumentationRules.Unexplained(types, $"""<doc><members><member name="{Name}"><summary> </summary></member></members></doc>"""));
        Assert.Single(DocumentationRules.Unexplained(types, "<doc><members /></doc>"));
    }

    [Fact]
    public void Every_path_and_link_in_the_pages_leads_somewhere()
    {
        string[] front = ["README.md", "AGENTS.md"];
        var pages = front.Concat(SourceTree.Files("docs").Where(path => path.EndsWith(".md", StringComparison.Ordinal)));
        SourceTree.AssertNone(pages.SelectMany(path => DocumentationRules.DeadEnds(SourceTree.Read(path), Exists, SourceTree.Read, Folders())));
    }

    [Theory]
    [InlineData("See [the page](docs/MISSING.md).")]
    [InlineData("See [the heading](docs/PAGE.md#no-such-heading).")]
    [InlineData("See [here](#no-such-heading).")]
    [InlineData("[ref]: docs/MISSING.md")]
    [InlineData("![picture](docs/missing.png)")]
    [InlineData("It lies in `src/Missing/File.cs`.")]
    [InlineData("Run `./src/missing.sh --now`.")]
    public void A_dead_end_is_found(string line) => Assert.Single(DeadEnds("# Top", line));

    [Theory]
    [InlineData("See [the page](docs/PAGE.md) and [its heading](docs/PAGE.md#the-life-of-a-run).")]
    [InlineData("See [here](#top) and [the web](https://example.org/x).")]
    [InlineData("Write `[text](not/a/link.md)` for a link, `and/or` for a choice.")]
    [InlineData("It lies in `src/There.cs`.")]
    public void What_leads_somewhere_passes(string line) => Assert.Empty(DeadEnds("# Top", line));

    [Fact]
    public void Links_are_taken_from_the_page_that_they_stand_on()
    {
        var page = new SourceFile("docs/PAGE.md", ["See [up](../src/There.cs) and [beside](PAGE.md)."]);
        Assert.Empty(DocumentationRules.DeadEnds(page, Sample, ReadSample, new HashSet<string> { "src" }));
        Assert.Single(DocumentationRules.DeadEnds(page with { Lines = ["[up](src/There.cs)"] }, Sample, ReadSample, new HashSet<string> { "src" }));
    }

    [Fact]
    public void The_page_for_agents_is_short() =>
        SourceTree.AssertNone(SourceRules.TooLong(SourceTree.Read("AGENTS.md"), MaxAgentsLines));

    private static IEnumerable<string> DeadEnds(params string[] lines) =>
        DocumentationRules.DeadEnds(new SourceFile("README.md", lines), Sample, ReadSample, new HashSet<string> { "src", "docs" });

    private static bool Sample(string path) => path is "docs/PAGE.md" or "src/There.cs" or "README.md";

    private static SourceFile ReadSample(string path) =>
        path == "docs/PAGE.md" ? new SourceFile(path, ["## The life of a run"]) : new SourceFile(path, ["# Top"]);

    private static HashSet<string> Folders() =>
        [.. Directory.EnumerateDirectories(SourceTree.Root).Select(folder => Path.GetFileName(folder)).Where(name => name is not (".git" or "artifacts"))];

    private static bool Exists(string path)
    {
        var full = Path.Combine(SourceTree.Root, path.TrimEnd('/'));
        if (!path.Contains('*', StringComparison.Ordinal))
        {
            return File.Exists(full) || Directory.Exists(full);
        }

        return SourceTree.Files(path.Split('/')[0])
            .Any(file => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(path.Replace("**", "*", StringComparison.Ordinal), file));
    }
}
