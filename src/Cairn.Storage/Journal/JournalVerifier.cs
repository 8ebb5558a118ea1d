using System.Globalization;

namespace Cairn.Storage;

/// <summary>
/// Checks a state directory without opening it: every checksum, every chain value, the order and completeness of each run,
/// the anchors, every body's hash. It changes nothing and goes on behind a damaged place. Bytes of an unfinished write at
/// the very end are no finding while the log is open; who forges records, chains and anchors alike needs a signed receipt
/// to be found out.
/// </summary>
public static class JournalVerifier
{
    /// <summary>The most findings that are listed.</summary>
    public const int MaxFindings = 1000;

    private const int Attempts = 4;

    /// <summary>Returns what is wrong; empty when all is well.</summary>
    public static IReadOnlyList<JournalFinding> Verify(IDisk disk, string directory, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(disk);
        var layout = new StateLayout(Path.GetFullPath(directory));
        for (var attempt = 1; ; attempt++)
        {
            var findings = new List<JournalFinding>();
            var anchors = ReadAnchors(disk, layout, findings);
            Walk(disk, layout, anchors, findings, cancellationToken);

            // A collection beside this may have taken runs away between the anchors and the log.
            if (findings.Count == 0 || attempt == Attempts || SameRuns(anchors, ReadAnchors(disk, layout, [])))
            {
                LargeBodies(disk, layout, findings, cancellationToken);
                return findings.Count > MaxFindings ? findings.GetRange(0, MaxFindings) : findings;
            }
        }
    }

    private static void Walk(IDisk disk, StateLayout layout, HeadAnchors? anchors, List<JournalFinding> findings, CancellationToken cancellationToken)
    {
        var walk = new VerifyWalk(disk, layout, anchors?.Dropped ?? [], findings, cancellationToken);
        walk.Segments();
        if (anchors is not null)
        {
            // Another process may have opened the log since; then its anchors are no longer those of a closed one.
            var still = anchors.Clean && HeadAnchors.Read(disk, layout) is { Clean: true };
            walk.Anchors(anchors with { Clean = still });
        }
        else if (walk.HasRecords && findings.All(finding => finding.Where != "heads"))
        {
            findings.Add(new("heads", null, null, "the anchor file is missing: nothing proves that the journal was not cut short."));
        }
    }

    private static bool SameRuns(HeadAnchors? one, HeadAnchors? other) =>
        (one?.Dropped ?? []).SequenceEqual(other?.Dropped ?? [])
        && (one?.Runs ?? []).Select(run => run.Run).All((other?.Runs ?? []).Select(run => run.Run).ToHashSet().Contains);

    private static HeadAnchors? ReadAnchors(IDisk disk, StateLayout layout, List<JournalFinding> findings)
    {
        try
        {
            return HeadAnchors.Read(disk, layout);
        }
        catch (InvalidDataException e)
        {
            findings.Add(new("heads", null, null, e.Message));
            return null;
        }
    }

    private static void LargeBodies(IDisk disk, StateLayout layout, List<JournalFinding> findings, CancellationToken cancellationToken)
    {
        var blobs = new LargeBlobs(disk, layout);
        for (var first = 0; first < 256; first++)
        {
            var name = first.ToString("x2", CultureInfo.InvariantCulture);
            foreach (var file in disk.List(Path.Combine(layout.Blobs, name)))
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    if (!BlobHash.TryParse(file, out var hash) || !file.StartsWith(name, StringComparison.Ordinal) || blobs.TryGet(hash) is null)
                    {
                        findings.Add(new($"blobs/{name}/{file}", null, null, "the file is no body."));
                    }
                }
                catch (Exception e) when (e is InvalidDataException or IOException)
                {
                    findings.Add(new($"blobs/{name}/{file}", null, null, e.Message));
                }
            }
        }
    }
}
