using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using Cairn.Host;
using Cairn.Sandbox;
using Cairn.Tests.Integration.RealRepositories;
using Cairn.Tests.Integration.Sandbox;
using Cairn.Tools;
using Cairn.Tools.Lsp;

namespace Cairn.Tests.Integration.Tools.Lsp;

/// <summary>Real servers over real sandboxes: calls tools as a run does, one layer after each changing call.</summary>
internal sealed class LspBench : IAsyncDisposable
{
    private const string Lock = "language-servers-2026.11.package-lock.json";

    private readonly string _state = Directory.CreateTempSubdirectory("cairn-lsp-").FullName;
    private readonly LayerStore _store;
    private readonly RunTools _tools;
    private int _layers;

    private LspBench(string root, ImmutableArray<LanguageServer> servers, LanguageServerPool pool, string run)
    {
        _store = new LayerStore(_state, new MemoryBlobs(), TimeProvider.System, null);
        Workspace = _store.Open(RunId.Parse(run), root, null);
        Pool = pool;
        _tools = new RunTools(new RunDevices { Languages = servers }, pool);
        (Root, Servers) = (root, servers);
    }

    public string Root { get; }

    public ImmutableArray<LanguageServer> Servers { get; }

    public IWorkspace Workspace { get; }

    public LanguageServerPool Pool { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The servers that the tests install, found as Cairn finds those of a user.</summary>
    public static async Task<ImmutableArray<LanguageServer>> ServersAsync(params string[] names)
    {
        var modules = await PackageCache.OfUser.NodeModulesAsync(Lock, Cancel);
        await HostPackages.RequireAsync([("node", "nodejs"), ("npm", "npm"), ("rg", "ripgrep"), ("clangd", "clangd"), ("gopls", "gopls"), ("go", "golang-go")], Cancel);
        var path = $"{modules}/.bin:{Environment.GetEnvironmentVariable("PATH")}";
        var found = new LanguageCatalog(name => name == "PATH" ? path : Environment.GetEnvironmentVariable(name)).Find().Select(k => k.Server).OfType<LanguageServer>();
        return [.. found.Where(s => names.Contains(s.Name))];
    }

    public static async Task<LspBench> OverAsync(string root, params string[] servers) => new(root, await ServersAsync(servers), new LanguageServerPool(TimeProvider.System), "run-1");

    /// <summary>Calls a tool; what it changed becomes a layer.</summary>
    public async Task<ToolResult> Call(string tool, object arguments, bool exact = false)
    {
        var json = JsonSerializer.Serialize(arguments);
        Assert.Null(_tools.Check(tool, json, _tools.Tools.Select(t => t.Descriptor.Name).ToHashSet()));
        using var document = JsonDocument.Parse(json);
        var found = _tools.Find(tool)!;
        var result = await found.InvokeAsync(new ToolContext(RunId.Parse("run-1"), CallId.Parse("c1"), Workspace) { Exact = exact }, document.RootElement, Cancel);
        if (found.Descriptor.Effect != EffectClass.Pure)
        {
            Workspace.Freeze(LayerId.Parse($"run-1.{++_layers}"));
        }

        return result;
    }

    public Task<ToolResult> References(string symbol, string path, int? line = null) =>
        Call("find_references", new { symbol, path, line, context_lines = 0, max_results = (int?)null });

    public async Task<T> Exact<T>(string tool, object arguments)
    {
        var result = await Call(tool, arguments, exact: true);
        Assert.True(result.Status == ToolStatus.Ok, result.Text);
        return (T)JsonSerializer.Deserialize(result.Data!, CairnJson.Default.GetTypeInfo(typeof(T))!)!;
    }

    public Task<ToolResult> Inspect(string symbol, string path, string what, int? line = null) => Call("inspect_symbol", new { symbol, path, line, what });

    public Task<ToolResult> Rename(string symbol, string path, string name, int? line = null) => Call("rename_symbol", new { symbol, path, line, new_name = name });

    public Task<ToolResult> Edit(string path, string old, string @new) => Call(
        "edit_file", new { path, version = Workspace.Read(path, 1 << 24).Version.Short, edits = new[] { new { old, @new, replace_all = false } } });

    /// <summary>The processes of the machine that see this bench's repository where a sandbox shows it: other tests may run the same server.</summary>
    /// <param name="program">Only those that run this program; null for all.</param>
    public List<int> Processes(string? program) =>
        [.. Process.GetProcesses().Select(p => p.Id).Where(id => Sees(id) && (program is null || Program(id).EndsWith("/" + program, StringComparison.Ordinal)))];

    public async ValueTask DisposeAsync()
    {
        await _tools.DisposeAsync();
        await Pool.DisposeAsync();
        await Workspace.DisposeAsync();
        _store.Dispose();
        SandboxFixture.OnHost("rm", "-rf", "--", _state);
    }

    private static string Program(int id)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{id}/exe", returnFinalTarget: false)?.FullName ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private bool Sees(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/mountinfo").Contains($" {Root} ", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
