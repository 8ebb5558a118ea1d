using System.Text.Json;
using Cairn.Tests.Sandbox;
using Cairn.Tools;

namespace Cairn.Tests.Tools;

/// <summary>Calls tools as the kernel does: check first, then invoke.</summary>
internal sealed class ToolBench(InMemoryWorkspace workspace, bool exact = false)
{
    public ToolRegistry Registry { get; } = new();

    public InMemoryWorkspace Workspace { get; } = workspace;

    public async Task<ToolResult> Call(string tool, object arguments)
    {
        var json = JsonSerializer.Serialize(arguments);
        if (Registry.Check(tool, json, AllNames(Registry)) is { } problem)
        {
            return new ToolResult(ToolStatus.Invalid, problem);
        }

        using var document = JsonDocument.Parse(json);
        var context = new ToolContext(RunId.Parse("run-1"), CallId.Parse("c1"), Workspace) { Exact = exact };
        return await Registry.Find(tool)!.InvokeAsync(context, document.RootElement, TestContext.Current.CancellationToken);
    }

    public Task<ToolResult> Read(string path, int? from = null, int? to = null) =>
        Call("read_file", new { path, start_line = from, end_line = to });

    public Task<ToolResult> Write(string path, string content, string? version) =>
        Call("write_file", new { path, content, version });

    public Task<ToolResult> Edit(string path, string old, string @new, bool all = false, string? version = null) =>
        Call("edit_file", new { path, version = version ?? Version(path), edits = new[] { new { old, @new, replace_all = all } } });

    public string Version(string path) => Workspace.Read(path, long.MaxValue).Version.Short;

    public static HashSet<string> AllNames(IToolRegistry registry) => [.. registry.Tools.Select(t => t.Descriptor.Name)];
}
