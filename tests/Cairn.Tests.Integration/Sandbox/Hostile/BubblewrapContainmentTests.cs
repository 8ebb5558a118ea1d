using Cairn.Sandbox;

namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>The bombs against the chain of the machine's own programs.</summary>
[Collection(BombCollection.Name)]
public sealed class BubblewrapContainmentTests : ContainmentConformance
{
    protected override LayerStoreOptions Options => new() { Backend = "bubblewrap" };
}
