using System.Globalization;
using System.Text;

namespace Cairn.Storage;

/// <summary>
/// How long each run's journal was when this was written: the proof against a log that was cut at a record boundary.
/// Written only about what is durable, so it is never ahead of the log.
/// </summary>
/// <param name="Clean">The log was closed here and nothing may follow; false while a writer has it open.</param>
/// <param name="Segment">The last segment; 0 when there was none.</param>
/// <param name="End">Where its commits ended.</param>
/// <param name="NextCommit">The number of the next commit.</param>
/// <param name="Runs">Per run its records and the chain value of the last one.</param>
internal sealed record HeadAnchors(
    bool Clean, uint Segment, long End, ulong NextCommit, IReadOnlyList<(string Run, long Count, BlobHash Chain)> Runs)
{
    private const string FirstLine = "cairn heads 1";
    private const string CollectingLine = "cairn heads 2";
    private const string DroppedWord = "dropped";
    private const string LastWord = "sha256 ";

    /// <summary>
    /// Runs that a collection removed: what the log still holds of them counts for nothing. Their place in this file is the
    /// moment in which they go, all of them at once.
    /// </summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    /// <summary>Some of them came from the runs that ended since all were written.</summary>
    public bool HasRecent { get; private init; }

    /// <summary>Replaces the anchors atomically.</summary>
    public void Write(IDisk disk, StateLayout layout) => Write(disk, layout, layout.Heads);

    /// <summary>Replaces the anchors of the runs that ended since all were written.</summary>
    public void WriteRecent(IDisk disk, StateLayout layout) => Write(disk, layout, layout.RecentHeads);

    private void Write(IDisk disk, StateLayout layout, string path)
    {
        var text = new StringBuilder(FirstLine.Length + 64 + (Runs.Count * 96));
        text.Append(Dropped.Count == 0 ? FirstLine : CollectingLine).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"log {Segment} {End} {NextCommit} {(Clean ? "closed" : "open")}\n");
        foreach (var (run, count, chain) in Runs)
        {
            text.Append(CultureInfo.InvariantCulture, $"{run} {count} {chain.Value}\n");
        }

        foreach (var run in Dropped)
        {
            text.Append(CultureInfo.InvariantCulture, $"{DroppedWord} {run}\n");
        }

        text.Append(LastWord).Append(BlobHash.OfText(text.ToString(0, text.Length - LastWord.Length)).Value).Append('\n');
        var scratch = path + ".new";
        using (var file = disk.Open(scratch, DiskOpen.ReadWrite))
        {
            file.SetLength(0);
            file.Write(0, Encoding.ASCII.GetBytes(text.ToString()));
            file.Sync();
        }

        disk.Rename(scratch, path);
        disk.SyncDirectory(layout.Root);
    }

    /// <summary>Reads the anchors; null when there are none.</summary>
    /// <exception cref="InvalidDataException">When they are damaged or of a newer format.</exception>
    public static HeadAnchors? Read(IDisk disk, StateLayout layout) =>
        Read(disk, layout.Heads) is not { } all ? null
        : Read(disk, layout.RecentHeads) is { } recent && recent.NextCommit > all.NextCommit ? all.With(recent)
        : all;

    /// <summary>What was written later counts; what was written at the same commit or before is in the anchors of all.</summary>
    private HeadAnchors With(HeadAnchors recent)
    {
        var ended = recent.Runs.ToDictionary(run => run.Run, StringComparer.Ordinal);
        var known = Runs.Select(run => run.Run).ToHashSet(StringComparer.Ordinal);
        return recent with
        {
            Runs = [.. Runs.Select(run => ended.GetValueOrDefault(run.Run, run)), .. recent.Runs.Where(run => !known.Contains(run.Run))],
            Dropped = Dropped,
            HasRecent = true,
        };
    }

    private static HeadAnchors? Read(IDisk disk, string path)
    {
        if (!disk.Exists(path))
        {
            return null;
        }

        using var file = disk.Open(path, DiskOpen.Read);
        var bytes = new byte[file.Length];
        var text = Encoding.ASCII.GetString(bytes, 0, file.Read(0, bytes));
        if (text.StartsWith("cairn heads ", StringComparison.Ordinal) 
            && !text.StartsWith(FirstLine + "\n", StringComparison.Ordinal) && !text.StartsWith(CollectingLine + "\n", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{path} was written by a newer Cairn ({text.Split('\n')[0]}).");
        }

        return Parse(text) ?? throw new InvalidDataException(
            $"The anchor file {path} is damaged: it does not match its own checksum. `cairn journal verify` checks the journal without it.");
    }

    private static HeadAnchors? Parse(string text)
    {
        var end = text.LastIndexOf(LastWord, StringComparison.Ordinal);
        if (end < 0 || !BlobHash.TryParse(text[(end + LastWord.Length)..].TrimEnd('\n'), out var hash) || hash != BlobHash.OfText(text[..end]))
        {
            return null;
        }

        var lines = text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var log = lines[1].Split(' ');
        var runs = lines.Skip(2).Select(line => line.Split(' ')).ToLookup(parts => parts.Length == 2);
        return new(
            log[4] == "closed",
            uint.Parse(log[1], CultureInfo.InvariantCulture),
            long.Parse(log[2], CultureInfo.InvariantCulture),
            ulong.Parse(log[3], CultureInfo.InvariantCulture),
            [.. runs[false].Select(parts => (parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture), BlobHash.Parse(parts[2])))])
        {
            Dropped = [.. runs[true].Select(parts => parts[1])],
        };
    }
}
