using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Tests.Sandbox;
using Cairn.Tools;
using Cairn.Tools.Lsp;

namespace Cairn.Tests.Tools.Lsp;

/// <summary>Tools over fake servers and a workspace in memory.</summary>
internal sealed class FakeBench : IAsyncDisposable
{
    public static readonly LanguageServer Server = new("fake", ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create(".x", "ex")]), ["fake"]) { TimeoutSeconds = 20 };

    private readonly RunTools _tools;

    public RunTools Tools => _tools;

    public FakeBench(InMemoryWorkspace workspace, Func<int, FakeLanguageServer> start, LanguageServer? server = null, LanguageServerPool? pool = null)
    {
        Workspace = workspace;
        workspace.OnStart = command =>
        {
            Started.Add(start(Started.Count));
            return Started[^1];
        };
        Pool = pool ?? new LanguageServerPool(TimeProvider.System);
        _tools = new RunTools(new RunDevices { Languages = [server ?? Server] }, Pool);
    }

    public InMemoryWorkspace Workspace { get; }

    public LanguageServerPool Pool { get; }

    /// <summary>The servers that were started.</summary>
    public List<FakeLanguageServer> Started { get; } = [];

    /// <summary>Cancels the calls.</summary>
    public CancellationToken Stop { get; set; }

    public async Task<ToolResult> Call(string tool, object arguments, bool exact = false)
    {
        var json = JsonSerializer.Serialize(arguments);
        Assert.Null(_tools.Check(tool, json, ToolBench.AllNames(_tools)));
        using var document = JsonDocument.Parse(json);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(Stop, TestContext.Current.CancellationToken);
        return await _tools.Find(tool)!.InvokeAsync(
            new ToolContext(RunId.Parse("run-1"), CallId.Parse("c1"), Workspace) { Exact = exact }, document.RootElement, both.Token);
    }

    public Task<ToolResult> Definition(string symbol = "foo", string path = "a.x") =>
        Call("inspect_symbol", new { symbol, path, line = (int?)null, what = "definition" });

    public Task<ToolResult> Rename(string symbol, string path, string name) => Call("rename_symbol", new { symbol, path, line = (int?)null, new_name = name });

    public async ValueTask DisposeAsync()
    {
        await _tools.DisposeAsync();
        await Pool.DisposeAsync();
    }
}
