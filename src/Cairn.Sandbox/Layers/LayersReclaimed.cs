using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sandbox;

/// <summary>What a collection of layers took out, or would take.</summary>
/// <param name="Layers">Frozen layers that nothing reached.</param>
/// <param name="Squashes">Trees that were derived from such layers, or were never finished.</param>
/// <param name="LeftOvers">Open layers of processes that are gone, and layers that were never finished.</param>
/// <param name="Bytes">Disk space of all of it; what is also linked from elsewhere is not counted, so a dry run may count less.</param>
/// <param name="Kept">The layers that stay.</param>
public sealed record LayersReclaimed(int Layers, int Squashes, int LeftOvers, long Bytes, ImmutableArray<LayerId> Kept);
