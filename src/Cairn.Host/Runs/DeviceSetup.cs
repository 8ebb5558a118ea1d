using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Egress;
using Cairn.Tools.Custom;
using Cairn.Tools.Mcp;

namespace Cairn.Host;

/// <summary>Completes a run's devices before its first record: asks the servers what they offer, and checks that all fits together.</summary>
/// <param name="plain">The tools of a run without devices.</param>
/// <param name="equip">Makes the tools of one with devices.</param>
/// <param name="permit">Asks the policy that the run will have.</param>
/// <param name="secret">The value of a secret by its variable.</param>
/// <param name="languages">The language servers that are there for a workspace.</param>
internal sealed class DeviceSetup(IToolRegistry plain, Func<RunDevices, IToolRegistry> equip, Func<AccessRequest, string?> permit, Func<string, string?> secret, Func<IWorkspace, ImmutableArray<LanguageServer>> languages)
{
    /// <summary>The devices with the servers' offers, and the tools of the run.</summary>
    /// <param name="devices">What is wanted; null for nothing.</param>
    /// <param name="workspace">Where servers are asked.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="UserException">When a server does not answer, or two tools have one name.</exception>
    public async Task<(RunDevices? Devices, ImmutableArray<ITool> Tools)> CompleteAsync(
        RunDevices? devices, IWorkspace workspace, CancellationToken cancellationToken)
    {
        devices = WithLanguages(devices, workspace);
        if (devices is null or { IsEmpty: true })
        {
            return (null, plain.Tools);
        }

        var servers = ImmutableArray.CreateBuilder<McpServer>();

        // Those in the sandbox without network, whatever the run is given: there is no call yet at which their requests could be written down.
        await using var network = devices.Network.IsEmpty ? null : new RunNetwork(new EgressOptions { Rules = devices.Network, Permit = permit, Secret = secret });
        foreach (var server in devices.Servers)
        {
            servers.Add(server.Offers.IsEmpty ? await AskAsync(server, workspace, server.Url is null ? null : network, devices.CanReachOut, cancellationToken) : server);
        }

        var complete = devices with { Servers = servers.ToImmutable() };
        try
        {
            var tools = equip(complete);
            await using var own = tools as IAsyncDisposable;
            return (complete, tools.Tools);
        }
        catch (ArgumentException e)
        {
            throw new UserException(e.Message, e);
        }
    }

    /// <summary>With the servers that are there beside those that were named, unless there are to be none.</summary>
    private RunDevices? WithLanguages(RunDevices? devices, IWorkspace workspace)
    {
        var named = devices?.Languages;
        if (named is { IsEmpty: true })
        {
            return devices;
        }

        var found = languages(workspace).Where(f => named?.Any(n => n.Name == f.Name) != true).ToList();
        return found.Count == 0 ? devices : (devices ?? new RunDevices()) with { Languages = [.. named ?? [], .. found] };
    }

    private static async Task<McpServer> AskAsync(McpServer server, IWorkspace workspace, INetwork? network, bool reachesOut, CancellationToken cancellationToken)
    {
        try
        {
            var (asked, _) = await McpOffers.ListAsync(server, workspace, network, reachesOut, cancellationToken);
            return asked.Offers.IsEmpty ? throw new UserException($"The MCP server {server.Name} offers nothing that can be used.") : asked;
        }
        catch (Exception e) when (e is ManifestException or WorkspaceException)
        {
            throw new UserException(e.Message, e);
        }
    }
}
