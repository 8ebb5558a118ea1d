using Cairn.Sandbox;

namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>The attempts against the chain of the machine's own programs.</summary>
public sealed class BubblewrapHostileTests : HostileConformance
{
    protected override LayerStoreOptions Options => new() { Backend = "bubblewrap" };
}
