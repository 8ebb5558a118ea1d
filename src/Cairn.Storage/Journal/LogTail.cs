namespace Cairn.Storage;

/// <summary>Where the log ends.</summary>
/// <param name="Header">The last segment's header; number 0 when there is no segment.</param>
/// <param name="End">Behind its last commit.</param>
/// <param name="NextCommit">The number of the next commit.</param>
internal readonly record struct LogTail(SegmentHeader Header, long End, ulong NextCommit);
