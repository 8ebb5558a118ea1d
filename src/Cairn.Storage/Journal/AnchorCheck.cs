namespace Cairn.Storage;

/// <summary>Compares a log with the anchors that were written about it.</summary>
internal static class AnchorCheck
{
    /// <summary>What does not fit; empty when all does.</summary>
    /// <param name="anchors">What was written.</param>
    /// <param name="tail">Where the log ends now.</param>
    /// <param name="torn">Bytes follow the end.</param>
    /// <param name="count">A run's records now.</param>
    /// <param name="chainAt">The chain value of a run's record.</param>
    public static IEnumerable<LogDamage> Compare(
        HeadAnchors anchors, LogTail tail, bool torn, Func<string, long> count, Func<string, long, BlobHash> chainAt)
    {
        foreach (var (run, expected, chain) in anchors.Runs)
        {
            var found = count(run);
            if (found < expected)
            {
                yield return new(tail.Header.Number, tail.End, run, found, $"the journal was truncated: the run had {expected} records and has {found} now.");
            }
            else if (expected > 0 && chainAt(run, expected - 1) != chain)
            {
                yield return new(tail.Header.Number, tail.End, run, expected - 1, "the record is not the one that was anchored: the journal was rewritten.");
            }
        }

        if (tail.NextCommit < anchors.NextCommit)
        {
            yield return new(tail.Header.Number, tail.End, null, null, $"the journal was truncated: it had {anchors.NextCommit} commits and has {tail.NextCommit} now.");
        }
        else if (anchors.Clean && (torn || tail.NextCommit != anchors.NextCommit || tail.End != anchors.End || tail.Header.Number != anchors.Segment))
        {
            yield return new(tail.Header.Number, anchors.End, null, null, $"the journal was extended after it was closed at segment {StateLayout.SegmentName(anchors.Segment)}, offset {anchors.End}.");
        }
    }
}
