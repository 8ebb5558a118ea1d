using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Cairn.Storage;

/// <summary>
/// A run as JSON lines, one record each: <c>{"seq":0,"at":"…","run":"…","chain":"…","event":{…}}</c>. The event stands there
/// byte for byte as in the journal, so the lines alone are enough to check the hash chain.
/// </summary>
public static class JournalExport
{
    /// <summary>The longest line that is read.</summary>
    public const int MaxLineBytes = RecordView.MaxPayloadBytes + 1024;

    /// <summary>Checks lines that an export wrote; returns what is wrong, empty when all follow each other from seq 0.</summary>
    /// <param name="lines">The export.</param>
    /// <param name="expected">The chain value of the run's last record from elsewhere; null when there is none to compare with.</param>
    public static IReadOnlyList<JournalFinding> Check(IEnumerable<string> lines, BlobHash? expected)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var findings = new List<JournalFinding>();
        var (number, seq, chain) = (0, 0L, default(BlobHash));
        string? run = null;
        foreach (var line in lines)
        {
            number++;
            var where = $"line {number}";
            if (Parse(line) is not { } read)
            {
                findings.Add(new(where, run, seq, "the line is no exported record."));
                continue;
            }

            run ??= read.Run.Value;
            if (read.Run.Value != run || read.Seq != seq)
            {
                findings.Add(new(where, read.Run.Value, read.Seq, $"expected is record {seq} of run {run}."));
            }
            else if (Chain(read, chain) != read.Chain)
            {
                findings.Add(new(where, run, seq, "the record does not follow the one before it in the hash chain."));
            }

            (seq, chain) = (read.Seq + 1, read.Chain);
        }

        if (expected is { } last && last != chain)
        {
            findings.Add(new($"line {number}", run, null, "the export does not end with the expected record: it was truncated or extended."));
        }

        return findings;
    }

    internal static void Write(IStoreCore core, RunId run, Stream target, CancellationToken cancellationToken) =>
        core.Read(run, 0, (record, _) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var at = LogTime.From(record.Time).UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
            target.Write(Encoding.ASCII.GetBytes(
                $"{{\"seq\":{record.Seq.ToString(CultureInfo.InvariantCulture)},\"at\":\"{at}\",\"run\":\"{run}\",\"chain\":\"{record.Chain}\",\"event\":"));
            target.Write(record.Payload);
            target.Write("}\n"u8);
        });

    private static (long Seq, long Time, RunId Run, BlobHash Chain, byte[] Payload)? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var at = DateTimeOffset.Parse(root.GetProperty("at").GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);
            return (
                root.GetProperty("seq").GetInt64(),
                LogTime.Of(at),
                RunId.Parse(root.GetProperty("run").GetString()!),
                BlobHash.Parse(root.GetProperty("chain").GetString()!),
                Encoding.UTF8.GetBytes(root.GetProperty("event").GetRawText()));
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or ArgumentNullException)
        {
            return null;
        }
    }

    private static BlobHash Chain((long Seq, long Time, RunId Run, BlobHash Chain, byte[] Payload) read, BlobHash previous)
    {
        var record = new byte[RecordView.HeaderBytes + read.Payload.Length];
        read.Payload.CopyTo(record, RecordView.HeaderBytes);
        RecordView.Write(record, RecordKind.Event, RecordView.KeyOf(read.Run), read.Seq, read.Time, ref previous);
        return previous;
    }
}
