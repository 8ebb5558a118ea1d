using System.Security.Cryptography;

namespace Cairn.Storage;

/// <summary>The limits of a state directory. The defaults are right unless a test or a campaign needs others.</summary>
public sealed record StateStoreOptions
{
    /// <summary>The largest body that lies in the log itself, in bytes; larger ones are files.</summary>
    public const int SmallBodyBytes = 256 * 1024;

    /// <summary>The largest that <see cref="SegmentBytes"/> may be.</summary>
    public const int MaxSegmentBytes = 512 * 1024 * 1024;

    /// <summary>A segment that would grow beyond this many bytes is closed and the next one begun.</summary>
    public int SegmentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// How far ahead the log is filled with zeros, in bytes, so that a commit's sync has no file size and no block
    /// allocation to write; 0 for not at all.
    /// </summary>
    public int ZeroFillBytes { get; init; } = 1024 * 1024;

    /// <summary>Bytes that may wait for the next commit; who appends more waits until it is done.</summary>
    public int MaxPendingBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The anchors are renewed at the latest after this many commits.</summary>
    public int AnchorCommits { get; init; } = 8192;

    /// <summary>
    /// So many runs may end until all anchors are written again; meanwhile only theirs are, so that the end of a run does
    /// not cost what all others do.
    /// </summary>
    public int RecentEnds { get; init; } = 64;

    /// <summary>
    /// How long a body may wait for the first record that names it: a younger one is never collected. Bodies that an
    /// earlier process left without a record have no age.
    /// </summary>
    public TimeSpan CollectionGrace { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Accept the journal as it stands although its anchors are lost or say that it was longer, and anchor it anew. The
    /// way back after a human has looked at what verify found; never a default.
    /// </summary>
    public bool Reanchor { get; init; }

    /// <summary>
    /// A bug that is planted on purpose, to show that the simulator finds it: what a crash tore at the end of the log counts
    /// as written. Refused on a real disk.
    /// </summary>
    public bool AcceptTornRecords { get; init; }

    /// <summary>Where a new segment's salt comes from; random by default. A simulation seeds it.</summary>
    public Func<ulong> NewSalt { get; init; } = static () => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
}
