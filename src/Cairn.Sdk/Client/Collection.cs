namespace Cairn.Sdk;

/// <summary>What a collection is to keep. Without limits no run is removed.</summary>
public sealed record CollectionRequest
{
    /// <summary>Ended runs that changed within this many days stay; null for no such rule.</summary>
    public int? KeepDays { get; init; }

    /// <summary>This many ended runs stay, those that changed last; null for no such rule.</summary>
    public int? KeepLast { get; init; }

    /// <summary>Change nothing, only count.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What a collection took out of a state directory, or would take.</summary>
/// <param name="DryRun">Nothing was changed.</param>
/// <param name="Runs">The runs that were removed.</param>
/// <param name="Records">Their records.</param>
/// <param name="Bodies">Bodies that nothing names any more.</param>
/// <param name="Layers">Layers that nothing reaches any more.</param>
/// <param name="Squashes">Trees derived from them.</param>
/// <param name="LeftOvers">What processes left that are gone.</param>
/// <param name="Segments">Segments of the journal that were written anew.</param>
/// <param name="JournalBytes">Bytes that the journal is shorter.</param>
/// <param name="BodyBytes">Bytes of bodies that lay in files of their own.</param>
/// <param name="LayerBytes">Disk space of the layers.</param>
public sealed record CollectionReport(
    bool DryRun, IReadOnlyList<string> Runs, long Records, long Bodies, int Layers, int Squashes, int LeftOvers, int Segments,
    long JournalBytes, long BodyBytes, long LayerBytes)
{
    /// <summary>All bytes.</summary>
    public long Bytes => JournalBytes + BodyBytes + LayerBytes;
}
