namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>Bombs burn alone: what their neighbours feel is measured, and other tests would be felt as well.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class BombCollection
{
    public const string Name = "bombs";
}
