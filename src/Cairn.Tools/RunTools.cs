using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Tools.Custom;
using Cairn.Tools.Lsp;
using Cairn.Tools.Mcp;
using Cairn.Tools.Web;

namespace Cairn.Tools;

/// <summary>The tools of a run with devices of its own. Disposing it ends the servers that its tools started.</summary>
public sealed class RunTools : IToolRegistry, IAsyncDisposable
{
    private readonly ImmutableArray<McpConnection> _servers;
    private readonly ToolRegistry _registry;
    private readonly LanguageServerPool? _ownPool;
    private readonly RunLanguages? _languages;

    /// <summary>The built-in tools, then those of the devices; no server is started before one of its tools is called.</summary>
    /// <exception cref="ArgumentException">When two tools have one name.</exception>
    public RunTools(RunDevices devices)
        : this(devices, null)
    {
    }

    /// <param name="devices">The devices.</param>
    /// <param name="languages">The language servers of the host, which runs share; null for a pool of its own.</param>
    public RunTools(RunDevices devices, LanguageServerPool? languages)
    {
        ArgumentNullException.ThrowIfNull(devices);
        if (devices.Languages is { IsEmpty: false } servers)
        {
            _ownPool = languages is null ? new LanguageServerPool(TimeProvider.System) : null;
            _languages = new(servers, languages ?? _ownPool!);
        }

        _servers = [.. devices.Servers.Select(s => new McpConnection(s))];
        _registry = new(devices.CanReachOut, _languages is null ? null : new EditProblems(_languages),
        [
            .. devices.Network.IsEmpty ? [] : WebDriver.Tools(),
            .. _languages is null ? [] : LspDriver.Tools(_languages),
            .. devices.Tools.Select(m => new ManifestTool(m)),
            .. _servers.SelectMany(s => s.Tools()),
        ]);
    }

    /// <summary>The names of tools that a run has only with certain devices: an agent file may name them all the same.</summary>
    public static IReadOnlyCollection<string> Conditional { get; } = ["web_fetch", .. LspDriver.Names];

    /// <summary>Where tools over language servers come from, as their descriptors say.</summary>
    public const string LanguageOrigin = LspTool.Origin;

    /// <inheritdoc/>
    public ImmutableArray<ITool> Tools => _registry.Tools;

    /// <inheritdoc/>
    public ITool? Find(string name) => _registry.Find(name);

    /// <inheritdoc/>
    public string? Check(string name, string arguments, IReadOnlySet<string> allowed) => _registry.Check(name, arguments, allowed);

    /// <summary>What the language server of a file finds wrong in it as it is now; null when there is none, or it cannot tell.</summary>
    /// <param name="workspace">The run's files.</param>
    /// <param name="path">The file, relative to the root, without links.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<ProblemsData?> FindProblemsAsync(IWorkspace workspace, string path, CancellationToken cancellationToken) =>
        _languages is null ? null : await _languages.FindProblemsAsync(workspace, path, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        if (_languages is not null)
        {
            await _languages.DisposeAsync();
        }

        if (_ownPool is not null)
        {
            await _ownPool.DisposeAsync();
        }
    }
}
