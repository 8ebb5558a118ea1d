namespace Cairn.Storage;

/// <summary>A file or a directory of a simulated disk; names point to nodes.</summary>
internal abstract class SimulatedNode;
