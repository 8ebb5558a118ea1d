using System.Text.Json;
using Cairn.Host;
using Cairn.Kernel;

namespace Cairn.Tests.Policy;

/// <summary>What calls need permissions for, and the policies that Cairn ships.</summary>
public sealed class CapabilitiesTests
{
    [Theory]
    [InlineData("git status", "git")]
    [InlineData("cargo build && cargo test; git diff | grep x\nrg y &", "cargo git grep rg")]
    [InlineData("git commit -m 'a; rm -rf b' \"c && d\"", "git")]
    [InlineData("'git' log", "git")]
    [InlineData("", "sh")]
    [InlineData("git log $(rm x)", "sh")]
    [InlineData("git log `rm x`", "sh")]
    [InlineData("git log \"$(rm x)\"", "sh")]
    [InlineData("git log > /etc/x", "sh")]
    [InlineData("git log < x", "sh")]
    [InlineData("(git log)", "sh")]
    [InlineData("{ git log; }", "sh")]
    [InlineData("LD_PRELOAD=x git log", "sh")]
    [InlineData("./git log", "sh")]
    [InlineData("/tmp/git log", "sh")]
    [InlineData("g\\it log", "sh")]
    [InlineData("env git log", "sh")]
    [InlineData("xargs rm", "sh")]
    [InlineData("bash -c 'git log'", "sh")]
    [InlineData("if git log; then rm x; fi", "sh")]
    [InlineData("git log 'x", "sh")]
    [InlineData("git log # x", "sh")]
    [InlineData("gi? log", "sh")]
    [InlineData("git{,x}", "sh")]
    [InlineData("~/git", "sh")]
    [InlineData("eval git", "sh")]
    [InlineData(". x", "sh")]
    [InlineData("git 'a'\"b\" && rm x", "git rm")]
    public void A_command_line_needs_every_program_that_it_starts_and_a_shell_when_it_is_not_plain(string line, string programs)
    {
        var arguments = JsonSerializer.Serialize(new Dictionary<string, string> { ["command"] = line });
        var needs = Capabilities.Of("run_command", arguments, "/repo");
        Assert.Equal(("tool.call", "run_command"), (needs[0].Action, needs[0].Name));
        var spawns = needs.Where(n => n.Action == "proc.spawn").ToList();
        Assert.Equal(programs.Split(' '), spawns.Select(n => n.Name));
        Assert.All(spawns, n => Assert.Equal(("Command", line), (n.Kind, n.Detail)));
        Assert.All(needs.Skip(1).Except(spawns), n => Assert.Equal(("fs.exec", "File", line), (n.Action, n.Kind, n.Detail)));
    }

    [Theory]
    [InlineData("./run.sh", "", "run.sh")]
    [InlineData("./run.sh --fast && git log", "", "run.sh")]
    [InlineData("build/../run.sh | ./b", "sub", "sub/run.sh sub/b")]
    [InlineData("/repo/run.sh", "sub", "run.sh")]
    [InlineData("/usr/bin/git log", "", "/usr/bin/git")]
    [InlineData("'./run.sh'", "", "run.sh")]
    [InlineData("../x", "", "../x")]
    [InlineData("git log ./run.sh", "", "")]
    public void A_program_that_is_given_by_its_path_needs_to_be_executable_for_the_policy_as_well(string line, string directory, string files)
    {
        var arguments = JsonSerializer.Serialize(new Dictionary<string, string> { ["command"] = line, ["directory"] = directory });
        var needs = Capabilities.Of("run_command", arguments, "/repo").Where(n => n.Action == "fs.exec").ToList();
        Assert.Equal(files.Split(' ', StringSplitOptions.RemoveEmptyEntries), needs.Select(n => n.Name));
    }

    [Theory]
    [InlineData("a.py", "a.py")]
    [InlineData("./a//b/../c.py", "a/c.py")]
    [InlineData("../x", "../x")]
    [InlineData("a/../../x", "../x")]
    [InlineData("/repo/secrets/x", "secrets/x")]
    [InlineData("/repo/./secrets/../x", "x")]
    [InlineData("/repository/x", "/repository/x")]
    [InlineData("/repo", ".")]
    [InlineData("", ".")]
    public void A_path_has_one_name_however_it_is_written(string path, string name)
    {
        var needs = Capabilities.Of("read_file", JsonSerializer.Serialize(new Dictionary<string, string> { ["path"] = path }), "/repo");
        Assert.Equal(new AccessRequest("fs.read", "File", name), needs[1]);
    }

    [Theory]
    [InlineData("recall_code")]
    [InlineData("impact")]
    [InlineData("graph_query")]
    public void Who_asks_the_model_of_the_code_needs_what_it_tells_of(string tool) =>
        Assert.Equal(
            [new("tool.call", "Tool", tool), new("memory.read", "Memory", "code"), new("fs.read", "File", ".", Recursive: true)], Capabilities.Of(tool, "{}", "/repo"));

    [Fact]
    public void Every_tool_that_touches_files_or_starts_programs_says_what_it_needs()
    {
        // A tool that is added without a line in the vocabulary would be governed by its name alone.
        string[] byNameOnly = ["ask_human", "ask_model", "complete", "spawn_run", "shell_close", "todo", "scratchpad", "pin", "recall", "find_tools", "use_tool"];
        Assert.All(new Cairn.Tools.ToolRegistry().Tools.Select(t => t.Descriptor.Name).Except(byNameOnly),
            name => Assert.True(Capabilities.Of(name, """{"path":"a","command":"b"}""", "/").Length > 1, name));
    }

    [Fact]
    public void The_shipped_roles_pass_the_tests_beside_them()
    {
        foreach (var role in PolicyFiles.Roles)
        {
            var results = PolicyTestFile.Run(role, PolicyFiles.Shipped($"{role}{PolicyTestFile.Suffix}"), PolicyFiles.Shipped);
            Assert.True(results.Length >= 14);
            Assert.Empty(results.Where(r => !r.Passed).Select(r => $"{role}: {r.Name}: {r.Detail}"));
            Assert.Equal((role, role), (PolicyFiles.Load(role)!.Name, PolicyFiles.Load(role)!.Role));
        }
    }

    [Theory]
    [InlineData("expect: deny", "expected deny, got allow by [all]")]
    [InlineData("expect: allow, by: [other]", "expected allow by [other], got allow by [all]")]
    public void A_test_that_fails_says_what_came_instead(string expectation, string detail)
    {
        var text = $"policy: p\ntests:\n  - {{ action: fs.read, resource: 'File::\"a\"', {expectation} }}\n";
        var result = Assert.Single(PolicyTestFile.Run("t", text, _ => "@id(\"all\") permit (principal, action, resource);"));
        Assert.Equal((false, detail), (result.Passed, result.Detail));
    }

    [Theory]
    [InlineData("tests: []", "is missing")]
    [InlineData("policy: p\ntests: [{ action: fs.fly, resource: 'File::\"a\"', expect: deny }]", "no action fs.fly")]
    [InlineData("policy: p\ntests: [{ action: fs.read, resource: a, expect: deny }]", "'a' is no entity")]
    [InlineData("policy: p\ntests: [{ action: fs.read, resource: 'File::\"a\"' }]", "allow or deny")]
    [InlineData("policy: p\nunknown: 1", "line 2")]
    public void A_test_file_of_another_form_is_refused_with_its_place(string text, string message) =>
        Assert.Contains(message, Assert.Throws<UserException>(() => PolicyTestFile.Run("t", text, _ => "")).Message, StringComparison.Ordinal);
}
