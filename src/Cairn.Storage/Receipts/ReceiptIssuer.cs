using System.Text;

namespace Cairn.Storage;

/// <summary>Receipts on request, for records that have none yet.</summary>
public static class ReceiptIssuer
{
    /// <summary>The receipts that were made before, byte for byte, and behind them new ones for the rest of the records.</summary>
    /// <param name="made">Lines that were made before; a torn last line is left out. Bad ones are kept: the verifier names them.</param>
    /// <param name="records">All records of the run.</param>
    /// <param name="key">Signs.</param>
    public static string Complete(string made, IReadOnlyList<JournalRecord> records, ReceiptKey key)
    {
        ArgumentNullException.ThrowIfNull(made);
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(key);
        var whole = made[..(made.LastIndexOf('\n') + 1)];
        var lines = whole.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var previous = lines.Length == 0 ? default : Receipt.HashOf(lines[^1]);
        var text = new StringBuilder(whole);
        foreach (var record in records.Skip(lines.Length))
        {
            var receipt = Receipt.Of(record, previous, key.Id);
            var line = receipt.Line(key.Sign(receipt.Signed));
            text.Append(line).Append('\n');
            previous = Receipt.HashOf(line);
        }

        return text.ToString();
    }
}
