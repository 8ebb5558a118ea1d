namespace Cairn.Storage;

/// <summary>A directory: its names as programs see them and as they would be after a crash.</summary>
internal sealed class SimulatedDirectory : SimulatedNode
{
    public SortedDictionary<string, SimulatedNode> Names { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, SimulatedNode> Durable { get; } = new(StringComparer.Ordinal);
}
