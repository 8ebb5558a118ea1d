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
        Assert.DoesNotContain(references.Places, p => p.Text.Contains("unparse(", StringComparison.Ordinal) && !p.Text.Replace("unparse", "", StringComparison.Ordinal).Contains("parse", StringComparison.Ordinal));

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

    [Fact]
    public async Task An_edit_of_a_real_python_file_is_answered_with_what_it_broke_in_the_same_turn()
    {
        using var repository = await RealRepository.GetAsync("xmltodict", Cancel);
        await using var bench = await LspBench.OverAsync(repository.Root, "pyright");
        await bench.References("unparse", "xmltodict.py");
        var broken = await bench.Edit("xmltodict.py", "handler = _DictSAXHandler(namespace_separator", "handler = _DictSaxHandler(namespace_separator");
        Assert.Contains("New problems since this edit, by pyright:", broken.Text, StringComparison.Ordinal);
        Assert.Contains("\"_DictSaxHandler\" is not defined", broken.Text, StringComparison.Ordinal);
        Assert.Equal(1, broken.Text.Split("error:").Length - 1);

        var mended = await bench.Edit("xmltodict.py", "handler = _DictSaxHandler(namespace_separator", "handler = _DictSAXHandler(namespace_separator");
        Assert.DoesNotContain("New problems", mended.Text, StringComparison.Ordinal);

        // A new file is known at once, also to the files that import it.
        await bench.Call("write_file", new { path = "helper_of_ours.py", content = "def helped(n: int) -> int:\n    return n\n", version = (string?)null });
        var importing = await bench.Call("write_file", new { path = "user_of_it.py", content = "from helper_of_ours import helped, missing\n\nhelped('x')\n", version = (string?)null });
        Assert.Contains("\"missing\" is unknown import symbol", importing.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("could not be resolved", importing.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Typescript_language_server_renames_in_a_real_javascript_project_in_all_files_or_in_none()
    {
        using var repository = await RealRepository.GetAsync("minimist", Cancel);
        await File.WriteAllTextAsync(Path.Combine(repository.Root, "lib.js"), "'use strict';\r\nvar note = 'ä𝄞'; exports.grüßen = function grüßen() { return note; };\r\n", Cancel);
        await File.WriteAllTextAsync(Path.Combine(repository.Root, "use.js"), "var lib = require('./lib');\nlib.grüßen(); /* 𝄞 */ lib.grüßen();\n", Cancel);
        await using var bench = await LspBench.OverAsync(repository.Root, "typescript-language-server");

        var references = await bench.References("isNumber", "index.js");
        Assert.Contains("index.js:", references.Text, StringComparison.Ordinal);
        Assert.Contains("[declaration] function isNumber(x)", references.Text, StringComparison.Ordinal);
        Assert.Contains("setKey", (await bench.Call("list_symbols", new { path = "index.js", query = "setkey" })).Text, StringComparison.Ordinal);

        var renamed = await bench.Rename("grüßen", "use.js", "salutieren");
        Assert.True(renamed.Status == ToolStatus.Ok, renamed.Text);
        Assert.Equal("var lib = require('./lib');\nlib.salutieren(); /* 𝄞 */ lib.salutieren();\n", Text(bench, "use.js"));
        Assert.Contains("note = 'ä𝄞'; exports.salutieren = function ", Text(bench, "lib.js"), StringComparison.Ordinal);
        Assert.EndsWith("};\r\n", Text(bench, "lib.js"), StringComparison.Ordinal);

        var broken = await bench.Edit("index.js", "function isNumber(x) {", "function isNumber(x) { return missing(;");
        Assert.Contains("New problems since this edit, by typescript-language-server", broken.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clangd_answers_about_a_real_c_project_that_names_no_build()
    {
        using var repository = await RealRepository.GetAsync("http-parser", Cancel);
        await using var bench = await LspBench.OverAsync(repository.Root, "clangd");
        var references = await bench.Exact<PlacesData>("find_references", new { symbol = "http_parser_execute", path = "http_parser.h", line = (int?)null, context_lines = 0, max_results = (int?)null });
        Assert.Contains(references.Places, p => p.Path == "http_parser.c");
        Assert.Contains(references.Places, p => p.Path == "test.c");
        Assert.Contains("http_parser.c:", (await bench.Inspect("http_parser_execute", "test.c", "definition")).Text, StringComparison.Ordinal);

        var broken = await bench.Edit("http_parser.c", "parser->status_code == 204 ||", "parser->status_kode == 204 ||");
        Assert.Contains("status_kode", broken.Text, StringComparison.Ordinal);
        Assert.Contains("New problems since this edit, by clangd", broken.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gopls_answers_about_a_go_module()
    {
        using var home = new Temporary();
        home.Put("go.mod", "module example.org/m\n\ngo 1.16\n");
        home.Put("greet/greet.go", "package greet\n\n// Hello greets.\nfunc Hello(name string) string { return \"Hello, \" + name }\n");
        home.Put("main.go", "package main\n\nimport \"example.org/m/greet\"\n\nfunc main() { println(greet.Hello(\"ä\"), greet.Hello(\"b\")) }\n");
        await using var bench = await LspBench.OverAsync(home.Root, "gopls");
        var references = await bench.Exact<PlacesData>("find_references", new { symbol = "Hello", path = "greet/greet.go", line = 4, context_lines = 0, max_results = (int?)null });
        Assert.Equal(["greet/greet.go", "main.go", "main.go"], references.Places.Select(p => p.Path));
        Assert.Contains("Hello greets", (await bench.Inspect("Hello", "main.go", "hover", 5)).Text, StringComparison.Ordinal);
        var renamed = await bench.Rename("Hello", "main.go", "Salute", 5);
        Assert.True(renamed.Status == ToolStatus.Ok, renamed.Text);
        Assert.Contains("greet.Salute(\"ä\"), greet.Salute(\"b\")", Text(bench, "main.go"), StringComparison.Ordinal);
        Assert.Contains("func Salute(", Text(bench, "greet/greet.go"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_killed_is_started_anew_and_nothing_of_any_is_left_when_the_run_leaves()
    {
        using var repository = await RealRepository.GetAsync("http-parser", Cancel);
        var bench = await LspBench.OverAsync(repository.Root, "clangd");
        await using (bench)
        {
            await bench.Inspect("http_parser_execute", "test.c", "hover");
            var first = Assert.Single(bench.Processes("clangd"));

            // While a question is under way.
            var asking = bench.References("http_parser_init", "http_parser.h");
            Kill(first);
            var answer = await asking;
            Assert.True(answer.Status == ToolStatus.Ok, answer.Text);
            Assert.Contains("test.c:", answer.Text, StringComparison.Ordinal);
            Assert.NotEqual(first, Assert.Single(bench.Processes("clangd")));

            // And while none is.
            Kill(Assert.Single(bench.Processes("clangd")));
            Assert.Contains("size_t", (await bench.Inspect("http_parser_execute", "http_parser.c", "hover")).Text, StringComparison.Ordinal);
            Assert.Single(bench.Processes("clangd"));
        }

        Assert.Empty(bench.Processes(null));
    }

    private static void Kill(int process)
    {
        using var found = System.Diagnostics.Process.GetProcessById(process);
        found.Kill();
    }

    private static string Text(LspBench bench, string path) => System.Text.Encoding.UTF8.GetString(bench.Workspace.Read(path, 1 << 24).Content.Span);

    private sealed class Temporary : IDisposable
    {
        public string Root { get; } = Directory.CreateTempSubdirectory("cairn-go-").FullName;

        public void Put(string path, string text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(Root, path))!);
            File.WriteAllText(Path.Combine(Root, path), text);
        }

        public void Dispose() => Directory.Delete(Root, recursive: true);
    }
}
