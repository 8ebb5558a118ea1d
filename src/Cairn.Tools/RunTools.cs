using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Tools.Custom;
using Cairn.Tools.Mcp;
using Cairn.Tools.Web;

namespace Cairn.Tools;

/// <summary>The tools of a run with devices of its own. Disposing it ends the servers that its tools started.</summary>
public sealed class RunTools : IToolRegistry, IAsyncDisposable
{
    private readonly ImmutableArray<McpConnection> _servers;
    private readonly ToolRegistry _registry;

    /// <summary>The built-in tools, then those of the devices; no server is started before one of its tools is called.</summary>
    /// <exception cref="ArgumentException">When two tools have one name.</exception>
    public RunTools(RunDevices devices)
    {
        ArgumentNullException.ThrowIfNull(devices);
        _servers = [.. devices.Servers.Select(s => new McpConnection(s))];
        _registry = new(devices.CanReachOut,
        [
            .. devices.Network.IsEmpty ? [] : WebDriver.Tools(),
            .. devices.Tools.Select(m => new ManifestTool(m)),
            .. _servers.SelectMany(s => s.Tools()),
        ]);
    }

    /// <inheritdoc/>
    public ImmutableArray<ITool> Tools => _registry.Tools;

    /// <inheritdoc/>
    public ITool? Find(string name) => _registry.Find(name);

    /// <inheritdoc/>
    public string? Check(string name, string arguments, IReadOnlySet<string> allowed) => _registry.Check(name, arguments, allowed);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}
