using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Tools.Calls;
using Cairn.Tools.Control;
using Cairn.Tools.Custom;
using Cairn.Tools.Files;
using Cairn.Tools.Mcp;
using Cairn.Tools.Search;
using Cairn.Tools.Shell;
using Cairn.Tools.Web;

namespace Cairn.Tools;

/// <summary>
/// The tools that exist, one line per driver, and the check that stands before each call. Safe for use by many runs
/// at once.
/// </summary>
public sealed class ToolRegistry : IToolRegistry, IAsyncDisposable
{
    private readonly ImmutableDictionary<string, CallCheck> _checks;
    private readonly ImmutableArray<McpConnection> _servers = [];

    /// <summary>The built-in tools, then the given ones.</summary>
    /// <exception cref="ArgumentException">When two tools have one name.</exception>
    public ToolRegistry(params IEnumerable<ITool> more)
        : this(false, more)
    {
    }

    /// <summary>The tools of a run with devices of its own.</summary>
    /// <exception cref="ArgumentException">When two tools have one name.</exception>
    public ToolRegistry(RunDevices devices)
        : this(devices, [.. devices.Servers.Select(s => new McpConnection(s))])
    {
    }

    private ToolRegistry(RunDevices devices, ImmutableArray<McpConnection> servers)
        : this(devices.CanReachOut, [
            .. devices.Network.IsEmpty ? [] : WebDriver.Tools(),
            .. devices.Tools.Select(m => new ManifestTool(m)),
            .. servers.SelectMany(s => s.Tools())])
    {
        _servers = servers;
    }

    private ToolRegistry(bool reachesOut, IEnumerable<ITool> more)
    {
        Tools =
        [
            .. FilesDriver.Tools(),
            .. SearchDriver.Tools(),
            .. ShellDriver.Tools(reachesOut),
            .. ControlDriver.Tools(),
            .. more,
        ];
        if (Tools.GroupBy(t => t.Descriptor.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"Two tools have the name {twice.Key}: from {string.Join(" and from ", twice.Select(t => t.Descriptor.Source))}.", nameof(more));
        }

        _checks = Tools.ToImmutableDictionary(t => t.Descriptor.Name, t => new CallCheck(t), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public ImmutableArray<ITool> Tools { get; }

    /// <inheritdoc/>
    public ITool? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _checks.TryGetValue(name, out var check) ? check.Tool : null;
    }

    /// <inheritdoc/>
    public string? Check(string name, string arguments, IReadOnlySet<string> allowed)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(allowed);
        var usable = Tools.Select(t => t.Descriptor.Name).Where(allowed.Contains).ToList();
        var problem = _checks.TryGetValue(name, out var check)
            ? allowed.Contains(name)
                ? check.Problem(arguments)
                : $"The tool {name} is not allowed in this run. {Usable(usable)}"
            : $"There is no tool named '{SafeText.Line(name, 64)}'. {Nearest(name, usable)}{Usable(usable)}";
        return problem is null ? null : SafeText.ForModel(problem, CallCheck.MaxProblemBytes);
    }

    /// <summary>Ends the servers that the tools started.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private static string Nearest(string name, List<string> usable)
    {
        var near = Similar.Names(name, usable, 2);
        return near.Count == 0 ? "" : $"Did you mean {string.Join(" or ", near)}? ";
    }

    private static string Usable(List<string> usable) =>
        usable.Count == 0 ? "No tool may be called." : $"You may call: {string.Join(", ", usable)}.";
}
