using Cairn.Host;
using Cairn.Tests.Sandbox;
using Cairn.Tools;

namespace Cairn.Tests.Host;

public sealed class LanguageServerFileTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cairn-languages-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_server_of_an_agent_file_is_read_whole()
    {
        var server = Assert.Single(Read("""
            language_servers:
              rust-analyzer:
                command: [rust-analyzer, --quiet]
                files: {".rs": rust}
                env: {LOG: "1"}
                mounts: [.]
                options: {cargo: {offline: true, jobs: 2}, list: [a]}
                timeout_seconds: 60
                memory_mb: 512
                idle_seconds: 30
                per_file: true
            """)!.Value);
        Assert.Equal(("rust-analyzer", "rust", 60, 512, 30, true), (server.Name, server.Files[".rs"], server.TimeoutSeconds, server.MemoryMb, server.IdleSeconds, server.PerFile));
        Assert.Equal(["rust-analyzer", "--quiet"], server.Command);
        Assert.Equal("1", server.Environment["LOG"]);
        Assert.Equal([_root], server.Mounts);
        Assert.Equal("""{"cargo":{"offline":true,"jobs":2},"list":["a"]}""", server.Options);
    }

    [Fact]
    public void Off_means_none_and_nothing_means_those_that_are_found()
    {
        Assert.Empty(Read("language_servers: off")!.Value);
        Assert.Null(Read("name: a"));
    }

    [Theory]
    [InlineData("language_servers: on", "may be off, or a mapping")]
    [InlineData("language_servers: {A!: {command: [x], files: {.x: x}}}", "'A!' is none")]
    [InlineData("language_servers: {a: {files: {.x: x}}}", "a needs a command")]
    [InlineData("language_servers: {a: {command: [x]}}", "a needs files")]
    [InlineData("language_servers: {a: {command: x, files: {.x: x}}}", "command of a is a list")]
    [InlineData("language_servers: {a: {command: [x], files: {.x: x}, mounts: [nowhere]}}", "does not exist")]
    [InlineData("language_servers: {a: {command: [x], files: {.x: x}, memory_mb: 0}}", "memory_mb of a may be 1 to")]
    [InlineData("language_servers: {a: {command: [x], files: {.x: x}, shell: yes}}", "unknown key 'shell'")]
    [InlineData("language_servers: {a: 5}", "a must be a mapping")]
    public void What_is_wrong_is_named(string text, string problem)
    {
        var e = Assert.Throws<UserException>(() => Read(text));
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
        Assert.Contains("agent.yaml: language_servers:", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_of_npm_is_started_by_its_interpreter_and_seen_with_its_neighbours()
    {
        var modules = Path.Combine(_root, "lib/node_modules");
        Put("lib/node_modules/pyright/langserver.index.js", "#!/usr/bin/env node\n");
        Put("node/bin/node", "\u007fELF");
        Directory.CreateDirectory(Path.Combine(_root, "bin"));
        File.CreateSymbolicLink(Path.Combine(_root, "bin/pyright-langserver"), "../lib/node_modules/pyright/langserver.index.js");
        var found = new LanguageCatalog(name => name == "PATH" ? $"relative:{_root}/bin:{_root}/node/bin" : null).Find();
        var python = found.Single(k => k.Language == "Python");
        Assert.Equal([$"{_root}/node/bin/node", $"{modules}/pyright/langserver.index.js", "--stdio"], python.Server!.Command);
        Assert.Equal([modules, $"{_root}/node/bin"], python.Server.Mounts);
        Assert.Equal($"{_root}/bin/pyright-langserver", python.Detail);
        var go = found.Single(k => k.Language == "Go");
        Assert.Null(go.Server);
        Assert.Contains("apt-get install gopls golang-go", go.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_gets_the_servers_of_the_languages_that_its_repository_has()
    {
        Put("bin/clangd", "\u007fELF");
        Put("bin/pyright-langserver", "\u007fELF");
        var catalog = new LanguageCatalog(name => name == "PATH" ? $"{_root}/bin" : null);
        Assert.Equal(["clangd"], catalog.Of(new InMemoryWorkspace(("src/deep/a.c", "int x;\n"), ("readme.md", ""))).Select(s => s.Name));
        Assert.Equal(["pyright"], catalog.Of(new InMemoryWorkspace(("a.py", ""), ("node_modules/x/b.c", ""))).Select(s => s.Name));
        Assert.Empty(catalog.Of(new InMemoryWorkspace(("readme.md", ""))));
    }

    [Fact]
    public void An_agent_file_may_name_the_tools_over_language_servers()
    {
        Put("agent.yaml", "tools: [read_file, find_references, rename_symbol]\n");
        Assert.Equal(["read_file", "find_references", "rename_symbol"], AgentFile.Read(Path.Combine(_root, "agent.yaml"), new ToolRegistry()).Tools);
    }

    private System.Collections.Immutable.ImmutableArray<LanguageServer>? Read(string text)
    {
        Put("agent.yaml", text);
        return AgentFile.Read(Path.Combine(_root, "agent.yaml"), new ToolRegistry()).Devices.Languages;
    }

    private void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_root, path))!);
        File.WriteAllText(Path.Combine(_root, path), text);
    }
}
