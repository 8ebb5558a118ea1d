using Cairn.Memory.Indexing;
using Cairn.Tests.Sandbox;

namespace Cairn.Tests.Memory.Indexing;

public sealed class FileWalkTests
{
    [Theory]
    [InlineData("*.log", "a.log x/b.log", "a.txt")]
    [InlineData("/a.log", "a.log", "x/a.log")]
    [InlineData("out/", "out/a x/out/b", "output/a")]
    [InlineData("x/*.c", "x/a.c", "y/x/a.c x/z/a.c")]
    [InlineData("**/gen", "gen/a x/gen/b", "general")]
    [InlineData("x/**", "x/a x/y/b", "a")]
    [InlineData("a/**/b", "a/b a/x/b a/x/y/b", "b")]
    [InlineData("*.log\n!keep.log", "a.log", "keep.log")]
    [InlineData("# all\n\n[ab].t?t\n\\#x", "a.txt b.tet #x", "c.txt")]
    [InlineData("*\n!*/\n!*.py", "a.txt x/b.js", "x/a.py")]
    public void What_gitignore_names_is_left_out(string rules, string gone, string stays)
    {
        var all = $"{gone} {stays}".Split(' ');
        var walk = FileWalk.Of(new InMemoryWorkspace([(".gitignore", rules), .. all.Select(path => (path, "x"))]), CancellationToken.None);
        Assert.Equal(stays.Split(' ').Order(StringComparer.Ordinal), walk.Paths.Where(path => path != ".gitignore"));
        Assert.All(gone.Split(' '), path => Assert.False(walk.Includes(path, false)));
        Assert.All(stays.Split(' '), path => Assert.True(walk.Includes(path, false)));
    }

    [Fact]
    public void The_rules_of_a_folder_hold_within_it_and_before_those_above()
    {
        var walk = FileWalk.Of(new InMemoryWorkspace((".gitignore", "*.log\n"), ("x/.gitignore", "!a.log\n/b.txt\n"), ("x/a.log", ""), ("a.log", ""), ("x/b.txt", ""), ("b.txt", "")), CancellationToken.None);
        Assert.Equal([".gitignore", "b.txt", "x/.gitignore", "x/a.log"], walk.Paths);
    }

    [Fact]
    public void Programs_folders_are_never_entered_and_builds_only_where_a_rule_file_does_not_name_them()
    {
        string[] paths = ["node_modules/a.js", "dist/b.js", "src/c.js"];
        Assert.Equal(["src/c.js"], FileWalk.Of(new InMemoryWorkspace(paths.Select(path => (path, ""))), CancellationToken.None).Paths);
        Assert.Equal([".gitignore", "dist/b.js", "src/c.js"], FileWalk.Of(new InMemoryWorkspace([(".gitignore", "x\n"), .. paths.Select(path => (path, ""))]), CancellationToken.None).Paths);
    }
}
