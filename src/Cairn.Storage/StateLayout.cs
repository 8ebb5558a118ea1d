using System.Globalization;

namespace Cairn.Storage;

/// <summary>The names within a state directory.</summary>
internal sealed record StateLayout(string Root)
{
    public string Lock => Path.Combine(Root, "lock");

    public string Heads => Path.Combine(Root, "heads");

    /// <summary>Anchors of the runs that ended since <see cref="Heads"/> was written.</summary>
    public string RecentHeads => Path.Combine(Root, "heads.recent");

    public string Journal => Path.Combine(Root, "journal");

    public string Blobs => Path.Combine(Root, "blobs");

    public string BlobScratch => Path.Combine(Blobs, "tmp");

    public string Segment(uint number) => Path.Combine(Journal, SegmentName(number));

    public static string SegmentName(uint number) => number.ToString("D8", CultureInfo.InvariantCulture) + ".log";

    /// <summary>A segment that is being rewritten, beside the one that it will replace.</summary>
    public string SegmentScratch(uint number) => Segment(number) + ScratchEnd;

    /// <summary>How the name of a segment ends that is being rewritten.</summary>
    public const string ScratchEnd = ".new";

    /// <summary>The numbers of the segments that are there, ascending.</summary>
    public uint[] Segments(IDisk disk) =>
    [
        .. disk.List(Journal)
            .Where(name => name.Length == 12 && name.EndsWith(".log", StringComparison.Ordinal))
            .Select(name => uint.TryParse(name.AsSpan(0, 8), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Where(number => number > 0)
            .Order(),
    ];

    public string BlobDirectory(BlobHash hash) => Path.Combine(Blobs, hash.Value[..2]);

    public string Blob(BlobHash hash) => Path.Combine(BlobDirectory(hash), hash.Value);
}
