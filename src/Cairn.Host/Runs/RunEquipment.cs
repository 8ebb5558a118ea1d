using Cairn.Abstractions;
using Cairn.Sandbox.Egress;

namespace Cairn.Host;

/// <summary>What a run has beside what every run has: tools of its own, servers, a way to the network. Made when first needed.</summary>
internal sealed class RunEquipment(RunServices services, RunStarted spec) : IAsyncDisposable
{
    private IToolRegistry? _tools;
    private RunNetwork? _network;

    /// <summary>The tools that exist for the run.</summary>
    public IToolRegistry Tools => _tools ??= spec.Guest is not null ? GuestTools.Registry : spec.Devices is { } devices ? services.Equip(devices) : services.Tools;

    /// <summary>The run's way to the network; null when it has none.</summary>
    /// <param name="permit">Asks the run's policy.</param>
    public RunNetwork? Network(Func<AccessRequest, string?> permit) => _network ??= spec.Devices is { Network.IsEmpty: false } devices
        ? new(new EgressOptions { Rules = devices.Network, Permit = permit, Secret = services.Secret })
        : null;

    public async ValueTask DisposeAsync()
    {
        if (_tools is IAsyncDisposable own && !ReferenceEquals(_tools, services.Tools))
        {
            await own.DisposeAsync();
        }

        if (_network is not null)
        {
            await _network.DisposeAsync();
        }
    }
}
