using Cairn.Sandbox;

namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>The attempts against the native helper.</summary>
public sealed class BoxHostileTests : HostileConformance
{
    protected override LayerStoreOptions Options => new() { Backend = "box" };
}
