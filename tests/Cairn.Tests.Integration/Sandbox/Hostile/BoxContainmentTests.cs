using Cairn.Sandbox;

namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>The bombs against the native helper.</summary>
[Collection(BombCollection.Name)]
public sealed class BoxContainmentTests : ContainmentConformance
{
    protected override LayerStoreOptions Options => new() { Backend = "box" };
}
