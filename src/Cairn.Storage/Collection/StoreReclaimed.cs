namespace Cairn.Storage;

/// <summary>What a collection took out of a state directory's journal and bodies, or would take.</summary>
public sealed record StoreReclaimed
{
    /// <summary>Records of removed runs.</summary>
    public long Records { get; init; }

    /// <summary>Bodies in the log.</summary>
    public long Bodies { get; init; }

    /// <summary>Bodies in files of their own.</summary>
    public long LargeBodies { get; init; }

    /// <summary>Segments that were written anew.</summary>
    public int Segments { get; init; }

    /// <summary>Bytes that the log is shorter.</summary>
    public long LogBytes { get; init; }

    /// <summary>Bytes of the files that are gone.</summary>
    public long LargeBytes { get; init; }

    /// <summary>Both.</summary>
    public long Bytes => LogBytes + LargeBytes;
}
