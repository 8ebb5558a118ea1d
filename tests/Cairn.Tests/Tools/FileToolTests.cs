using System.Text;
using System.Text.Json;
using Cairn.Tests.Sandbox;

namespace Cairn.Tests.Tools;

public sealed class FileToolTests
{
    private static ToolBench Bench(params (string, string)[] files) => new(new InMemoryWorkspace(files));

    [Fact]
    public async Task Reading_shows_path_version_lines_and_numbers()
    {
        var bench = Bench(("src/a.py", "one\ntwo\nthree\n"));
        var result = await bench.Read("src/a.py", 2, 3);
        Assert.Equal($"src/a.py (version {bench.Version("src/a.py")}, lines 2-3 of 3)\n     2\ttwo\n     3\tthree", result.Text);
    }

    [Theory]
    [InlineData("./src/a.py")]
    [InlineData("/repo/src/a.py")]
    [InlineData("src/a.py/")]
    public async Task Different_ways_to_write_a_path_mean_the_same_file(string path)
    {
        Assert.StartsWith("src/a.py (version ", (await Bench(("src/a.py", "x\n")).Read(path)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_does_not_exist_is_answered_with_those_that_do()
    {
        var result = await Bench(("src/billing/invoice.py", ""), ("src/users.py", "")).Read("src/invoices.py");
        Assert.Equal(ToolStatus.Failed, result.Status);
        Assert.Contains("What exists: src/billing/invoice.py", result.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("/etc/passwd")]
    public async Task A_path_out_of_the_workspace_is_denied(string path)
    {
        Assert.Equal(ToolStatus.Denied, (await Bench().Read(path)).Status);
    }

    [Fact]
    public async Task A_long_file_is_shown_in_part_and_asks_for_a_range()
    {
        var bench = Bench(("long.txt", string.Concat(Enumerable.Range(1, 5000).Select(i => $"line {i}\n"))));
        var whole = await bench.Read("long.txt");
        Assert.Contains("lines 1-100 of 5000", whole.Text, StringComparison.Ordinal);
        Assert.Contains("A range is required", whole.Text, StringComparison.Ordinal);
        var part = await bench.Read("long.txt", 3000, 4999);
        Assert.Contains("lines 3000-4999 of 5000", part.Text, StringComparison.Ordinal);
        Assert.EndsWith("line 4999", part.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_range_beyond_the_end_names_the_number_of_lines()
    {
        var result = await Bench(("a", "1\n2\n")).Read("a", 3);
        Assert.Equal(ToolStatus.Failed, result.Status);
        Assert.Contains("a has 2 lines", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_binary_file_is_described_by_its_type()
    {
        var bench = Bench();
        bench.Workspace.Put("logo.png", [0x89, .. "PNG\r\n"u8, 0x1A, 0, 1, 2]);
        Assert.Contains("PNG image", (await bench.Read("logo.png")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Escapes_in_a_file_cannot_reach_a_terminal()
    {
        var text = (await Bench(("evil.txt", "a\e]0;title\a b\u202Ec\r\u009Bd\n")).Read("evil.txt")).Text;
        Assert.DoesNotContain(text, c => char.IsControl(c) && c is not ('\n' or '\t'));
        Assert.Contains("a␛]0;title␇ b<U+202E>c␍<U+009B>d", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-8-bom")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("latin1")]
    public async Task An_edit_keeps_encoding_mark_and_line_endings(string name)
    {
        var encoding = name == "utf-8-bom" ? new UTF8Encoding(true) : Encoding.GetEncoding(name);
        byte[] Bytes(string text) => [.. encoding.Preamble, .. encoding.GetBytes(text)];
        var bench = Bench();
        bench.Workspace.Put("a.txt", Bytes("café\r\nzwei\r\ndrei\r\n"));
        var result = await bench.Edit("a.txt", "café\nzwei\n", "thé\nneu\nzwei\n");
        Assert.Equal(ToolStatus.Ok, result.Status);
        Assert.Equal(Bytes("thé\r\nneu\r\nzwei\r\ndrei\r\n"), bench.Workspace.BytesOf("a.txt"));
    }

    [Fact]
    public async Task Writing_a_new_file_needs_no_version_and_an_existing_one_does()
    {
        var bench = Bench();
        Assert.Equal(ToolStatus.Ok, (await bench.Write("d/new.txt", "x\n", null)).Status);
        var again = await bench.Write("d/new.txt", "y\n", null);
        Assert.Equal(ToolStatus.Conflict, again.Status);
        Assert.Contains("exists already", again.Text, StringComparison.Ordinal);
        Assert.Equal(ToolStatus.Ok, (await bench.Write("d/new.txt", "y\n", bench.Version("d/new.txt"))).Status);
        Assert.Equal("y\n", bench.Workspace.TextOf("d/new.txt"));
    }

    [Fact]
    public async Task A_stale_edit_is_a_conflict_that_shows_what_changed_since()
    {
        var bench = Bench(("a.py", "one\ntwo\nthree\n"));
        await bench.Read("a.py");
        var version = bench.Version("a.py");
        bench.Workspace.Put("a.py", "one\n2\nthree\n"u8.ToArray());
        var result = await bench.Edit("a.py", "three", "drei", version: version);
        Assert.Equal(ToolStatus.Conflict, result.Status);
        Assert.Contains("-two\n+2\n", result.Text, StringComparison.Ordinal);
        Assert.Contains(bench.Version("a.py"), result.Text, StringComparison.Ordinal);
        Assert.Equal("one\n2\nthree\n", bench.Workspace.TextOf("a.py"));
    }

    [Fact]
    public async Task A_version_that_nobody_saw_is_a_conflict_that_says_how_to_go_on()
    {
        var result = await Bench(("a.py", "one\n")).Edit("a.py", "one", "two", version: "000000000000");
        Assert.Equal(ToolStatus.Conflict, result.Status);
        Assert.Contains("read the file again", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_changes_between_check_and_write_is_a_conflict()
    {
        var bench = Bench(("a.py", "one\n"));
        var version = bench.Version("a.py");
        bench.Workspace.BeforeWrite = path => bench.Workspace.Put(path, "other\n"u8.ToArray());
        Assert.Equal(ToolStatus.Conflict, (await bench.Edit("a.py", "one", "two", version: version)).Status);
        Assert.Equal("other\n", bench.Workspace.TextOf("a.py"));
    }

    [Fact]
    public async Task Edits_are_applied_all_or_none()
    {
        var bench = Bench(("a.py", "one\ntwo\n"));
        var result = await bench.Call("edit_file", new
        {
            path = "a.py",
            version = bench.Version("a.py"),
            edits = new[] { new { old = "one", @new = "1", replace_all = false }, new { old = "three", @new = "3", replace_all = false } },
        });
        Assert.Equal(ToolStatus.Failed, result.Status);
        Assert.StartsWith("Edit 2 of a.py was not possible", result.Text, StringComparison.Ordinal);
        Assert.Equal("one\ntwo\n", bench.Workspace.TextOf("a.py"));
    }

    [Fact]
    public async Task Text_that_occurs_twice_is_refused_with_its_lines_unless_all_are_meant()
    {
        var bench = Bench(("a.py", "x = 1\ny = 2\nx = 1\n"));
        Assert.Contains("occurs 2 times (at lines 1, 3)", (await bench.Edit("a.py", "x = 1", "x = 3")).Text, StringComparison.Ordinal);
        Assert.Equal(ToolStatus.Ok, (await bench.Edit("a.py", "x = 1", "x = 3", all: true)).Status);
        Assert.Equal("x = 3\ny = 2\nx = 3\n", bench.Workspace.TextOf("a.py"));
    }

    [Theory]
    [InlineData("def total(items):\n  return sum(items)", "differs only in white space from lines 1-2")]
    [InlineData("def totals(item):", "The nearest lines are")]
    [InlineData("     1\tdef total(items):", "leave out the numbers")]
    [InlineData("zzzzzz", "nor anything like it")]
    public async Task Text_that_is_not_there_is_answered_with_what_is(string old, string expected)
    {
        var bench = Bench(("a.py", "def total(items):\n    return sum(items)\n"));
        var result = await bench.Edit("a.py", old, "new");
        Assert.Equal(ToolStatus.Failed, result.Status);
        Assert.Contains(expected, result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_edit_answers_with_the_new_version_and_the_diff()
    {
        var bench = Bench(("a.py", "one\ntwo\nthree\n"));
        var result = await bench.Edit("a.py", "two", "2");
        Assert.Contains($"version {bench.Version("a.py")}", result.Text, StringComparison.Ordinal);
        Assert.Contains("@@ -1,3 +1,3 @@\n one\n-two\n+2\n three", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_write_to_git_is_denied()
    {
        Assert.Equal(ToolStatus.Denied, (await Bench().Write(".git/hooks/post-commit", "x", null)).Status);
    }

    [Fact]
    public async Task Listing_hides_git_and_does_not_enter_generated_directories()
    {
        var bench = Bench((".git/config", ""), ("src/a.py", "12"), ("node_modules/x/i.js", ""), ("src/deep/b.py", ""));
        var text = (await bench.Call("list_files", new { path = ".", depth = 2, include_generated = (bool?)null })).Text;
        Assert.Equal("node_modules/ (generated, not entered)\nsrc/\nsrc/a.py (2 bytes)\nsrc/deep/", text);
        var inside = await bench.Call("list_files", new { path = "node_modules", depth = 3, include_generated = (bool?)null });
        Assert.Contains("node_modules/x/i.js", inside.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listing_is_cut_and_says_so()
    {
        var bench = Bench([.. Enumerable.Range(0, 1500).Select(i => ($"f{i}", ""))]);
        var text = (await bench.Call("list_files", new { path = ".", depth = 1, include_generated = false })).Text;
        Assert.Contains("Cut at 1,000 entries", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_gets_and_gives_files_exactly()
    {
        var bench = new ToolBench(new InMemoryWorkspace(("a.cs", "\uFEFFx\r\ny\n")), exact: true);
        var read = await bench.Read("a.cs");
        var file = JsonSerializer.Deserialize(read.Data!, CairnJson.Default.FileData)!;
        Assert.Equal(("x\r\ny\n", "utf-8-bom"), (file.Text, file.Encoding));
        var write = await bench.Write("a.cs", "x\nz\r\n", file.Version.Value);
        Assert.Equal("\uFEFFx\nz\r\n", bench.Workspace.TextOf("a.cs"));
        Assert.Equal(file.Version, JsonSerializer.Deserialize(write.Data!, CairnJson.Default.WriteData)!.Before);
    }

    [Fact]
    public async Task A_model_gets_no_data()
    {
        Assert.Null((await Bench(("a", "x")).Read("a")).Data);
    }
}
