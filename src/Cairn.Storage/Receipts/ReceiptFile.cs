using System.Text;

namespace Cairn.Storage;

/// <summary>
/// The receipts of one run: lines are appended after their records are durable, and never rewritten. A crash may leave the
/// last ones missing or the last line torn; what is missing is completed from the journal, which is the truth.
/// </summary>
internal sealed class ReceiptFile(IDisk disk, string path, ReceiptKey key)
{
    /// <summary>Brings the file up to the run's journal.</summary>
    /// <param name="read">The run's records from a seq on.</param>
    /// <param name="sync">Make them durable now; else the system does it in its own time.</param>
    /// <exception cref="InvalidDataException">When the file's end is no receipt of this journal: it was edited, and nothing is added to it.</exception>
    public void Complete(Func<long, IReadOnlyList<JournalRecord>> read, bool sync)
    {
        using var file = disk.Open(path, DiskOpen.ReadWrite);
        var (length, last) = End(file);
        var from = 0L;
        var previous = default(BlobHash);
        if (last is not null)
        {
            from = Follows(last, read);
            previous = Receipt.HashOf(last);
        }

        var lines = new StringBuilder();
        foreach (var record in read(from))
        {
            var receipt = Receipt.Of(record, previous, key.Id);
            var line = receipt.Line(key.Sign(receipt.Signed));
            lines.Append(line).Append('\n');
            previous = Receipt.HashOf(line);
        }

        if (file.Length > length)
        {
            file.SetLength(length);
        }

        if (lines.Length > 0)
        {
            file.Write(length, Encoding.ASCII.GetBytes(lines.ToString()));
        }

        if (sync)
        {
            file.Sync();
        }
    }

    /// <summary>Where the whole lines end, and the last of them.</summary>
    private (long Length, string? Last) End(IDiskFile file)
    {
        // The torn line and the whole one before it are in this many bytes, if they are receipts at all.
        var start = Math.Max(0, file.Length - (2 * (Receipt.MaxLineBytes + 1)));
        var bytes = new byte[file.Length - start];
        var tail = bytes.AsSpan(0, file.Read(start, bytes));
        var end = tail.LastIndexOf((byte)'\n');
        if (end < 0)
        {
            return start == 0 ? (0, null) : throw Damaged("its end holds no line");
        }

        var begin = tail[..end].LastIndexOf((byte)'\n') + 1;
        return begin == 0 && start > 0 ? throw Damaged("its last line is too long") : (start + end + 1, Encoding.UTF8.GetString(tail[begin..end]));
    }

    /// <summary>The seq of the first record without a receipt.</summary>
    private long Follows(string last, Func<long, IReadOnlyList<JournalRecord>> read)
    {
        if (Receipt.Parse(last) is not { } found)
        {
            throw Damaged("its last line is no receipt");
        }

        // The record itself is read again, so that a file that belongs to another journal is not continued.
        var record = found.Receipt.Seq >= 0 && read(found.Receipt.Seq) is [var first, ..] ? first : null;
        return record is not null && record.Run == found.Receipt.Run && record.Chain == found.Receipt.Chain
            ? found.Receipt.Seq + 1
            : throw Damaged($"its last line is no receipt of this journal's record {found.Receipt.Seq}");
    }

    private InvalidDataException Damaged(string why) => new($"The receipts {path} cannot be continued: {why}. `cairn receipts verify` names the first bad line.");
}
