using Cairn.Tools;
using Cairn.Tools.Custom;
using Cairn.Tools.Web;

namespace Cairn.Tests.Tools;

public sealed class ManifestFileTests
{
    private const string Good = """
        {
          "name": "count_lines", "description": "Counts.", "effect": "pure", "command": ["python3", "{dir}/count.py"],
          "schema": {"type": "object", "additionalProperties": false, "required": ["path"], "properties": {"path": {"type": "string", "pattern": "^a"}}}
        }
        """;

    [Fact]
    public void A_manifest_becomes_a_tool_whose_arguments_are_checked_before_it_runs()
    {
        var manifest = ManifestFile.Parse(Good, "/tools/count.json", "/tools", "");
        Assert.Equal(["python3", "/run/tool/count.py"], manifest.Command);
        Assert.Equal("/tools", manifest.Directory);
        var registry = new RunTools(new RunDevices { Tools = [manifest] });
        var allowed = ToolBench.AllNames(registry);
        Assert.Equal("/tools/count.json", registry.Find("count_lines")!.Descriptor.Source);
        Assert.Null(registry.Check("count_lines", """{"path":"a"}""", allowed));
        Assert.Contains("pattern", registry.Check("count_lines", """{"path":"b"}""", allowed) is { } p ? p.Replace("must look like", "pattern") : "", StringComparison.Ordinal);
        Assert.NotNull(registry.Check("count_lines", """{"path":"a","more":1}""", allowed));
    }

    [Theory]
    [InlineData("\"pure\"", "\"harmless\"", "effect must be")]
    [InlineData("count_lines", "Count", "the name must be")]
    [InlineData("count_lines", "a__b", "the name must be")]
    [InlineData("\"additionalProperties\": false, ", "", "additionalProperties")]
    [InlineData("\"name\"", "\"extra\": 1, \"name\"", "unknown key 'extra'")]
    [InlineData("{\"type\": \"string\", \"pattern\": \"^a\"}", "{\"$ref\": \"http://127.0.0.1/x\"}", "outside of itself")]
    [InlineData("{\"type\": \"string\", \"pattern\": \"^a\"}", "{\"$ref\": \"/etc/passwd\"}", "outside of itself")]
    [InlineData("[\"python3\", \"{dir}/count.py\"]", "[]", "command must have")]
    [InlineData("\"Counts.\"", "\"\"", "description")]
    public void What_is_wrong_with_a_manifest_is_named(string old, string @new, string problem) =>
        Assert.Contains(problem, Assert.Throws<ManifestException>(() => ManifestFile.Parse(Good.Replace(old, @new, StringComparison.Ordinal), "m.json", "/tools", "")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_repositorys_manifest_mounts_nothing_and_brings_no_regular_expressions()
    {
        var manifest = ManifestFile.Parse(Good, ".cairn/tools/count.json", null, "/repo/.cairn/tools");
        Assert.Null(manifest.Directory);
        Assert.Equal("/repo/.cairn/tools/count.py", manifest.Command[1]);
        Assert.DoesNotContain("pattern", manifest.Schema, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_tools_of_one_name_are_refused()
    {
        var manifest = ManifestFile.Parse(Good.Replace("count_lines", "read_file", StringComparison.Ordinal), "m.json", "/tools", "");
        Assert.Contains("read_file", Assert.Throws<ArgumentException>(() => new RunTools(new RunDevices { Tools = [manifest] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_that_can_reach_out_is_not_run_again_after_a_crash()
    {
        EffectClass Of(params NetworkRule[] rules) => new RunTools(new RunDevices { Network = [.. rules] }).Find("run_command")!.Descriptor.Effect;
        Assert.Equal(EffectClass.Sandboxed, Of());
        Assert.Equal(EffectClass.Sandboxed, Of(new NetworkRule("a.example", null, ["GET", "HEAD"])));
        Assert.Equal(EffectClass.ExternalUnkeyed, Of(new NetworkRule("a.example", null, [])));
        Assert.Null(new RunTools(new RunDevices()).Find("web_fetch"));
    }

    [Fact]
    public void The_text_of_a_page_is_what_a_reader_sees() => Assert.Equal(
        "T\n\nHead & more\n\n- one\n- two\n\na < b",
        HtmlText.Of("<title>T</title><script>if (a < b) alert('</p>')</script><h1>Head &amp;   more</h1><!-- no <b>--><ul><li>one<li>two</ul><p>a < b</p><style>x"));
}
