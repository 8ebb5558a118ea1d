using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Cairn.Storage;

/// <summary>What a check of receipts found.</summary>
/// <param name="Receipts">Receipts that follow each other and are signed by the key.</param>
/// <param name="Run">The run that they are about; null when there is none.</param>
/// <param name="Key">The public key's id.</param>
/// <param name="Ended">The last receipts hold the run's end.</param>
/// <param name="Line">The first bad line, from 1; null when there is none.</param>
/// <param name="Problem">What is wrong with it; null when all is well.</param>
public sealed record ReceiptFindings(int Receipts, string? Run, string Key, bool Ended, int? Line, string? Problem);

/// <summary>
/// Checks a file of receipts with a public key, and against an exported journal when there is one. Needs nothing else: no
/// state directory, no network.
/// </summary>
public static class ReceiptVerifier
{
    /// <summary>Checks receipts.</summary>
    /// <param name="receipts">The receipts' lines.</param>
    /// <param name="publicPem">The public key as PEM.</param>
    /// <param name="export">The run's lines of <c>cairn journal export</c>; null for none.</param>
    /// <param name="open">Accept a run that has not ended: then receipts that were cut off at the end are not noticed.</param>
    public static ReceiptFindings Verify(TextReader receipts, string publicPem, IEnumerable<string>? export, bool open)
    {
        ArgumentNullException.ThrowIfNull(receipts);
        using var key = ReceiptKey.FromPem(publicPem, "the public key");
        var walk = new Walk(key, open);
        return walk.Run(receipts.ReadToEnd(), export?.ToList());
    }

    private sealed class Walk(ECDsa key, bool open)
    {
        private readonly string _id = ReceiptKey.IdOf(key);
        private int _count;
        private RunId? _run;
        private BlobHash _previous;
        private bool _ended;

        public ReceiptFindings Run(string text, List<string>? export)
        {
            var lines = text.Split('\n');
            for (var i = 0; i < lines.Length - 1; i++)
            {
                var problem = Check(lines[i], export);
                if (problem is not null)
                {
                    return Result(i + 1, problem);
                }
            }

            if (lines[^1].Length > 0)
            {
                return Result(lines.Length, "the line is cut off: it has no line break");
            }

            if (_count == 0)
            {
                return Result(1, "there is no receipt");
            }

            return export is null ? AtEnd() : Compared(export);
        }

        private ReceiptFindings AtEnd() => _ended || open
            ? Result(null, null)
            : Result(_count, "it is the last, and the run has not ended there: receipts are cut off, or the run is still open (--open accepts that)");

        private ReceiptFindings Compared(List<string> export)
        {
            if (JournalExport.Check(export, null) is [var finding, ..])
            {
                return Result(_count, $"the exported journal is damaged: {finding}");
            }

            return export.Count > _count
                ? Result(_count, $"it is the last, and the exported journal has {export.Count} records: receipts are cut off")
                : Result(null, null);
        }

        private string? Check(string line, List<string>? export)
        {
            if (Receipt.Parse(line) is not { } parsed)
            {
                return "it is no receipt in the one form that there is";
            }

            var (receipt, signature) = parsed;
            if (receipt.Key != _id)
            {
                return $"it is signed by the key {receipt.Key}; yours is {_id}";
            }

            if (!key.VerifyData(Encoding.UTF8.GetBytes(receipt.Signed), signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))
            {
                return "its signature is not the key's: it was edited";
            }

            if (receipt.Run != (_run ??= receipt.Run))
            {
                return $"it is about the run {receipt.Run}, the lines before are about {_run}";
            }

            if (receipt.Seq != _count)
            {
                return $"it is about record {receipt.Seq}; record {_count} is due: lines are missing, doubled or in another order";
            }

            if (receipt.Previous != _previous)
            {
                return "it does not follow the line before";
            }

            _ended = receipt.Type == "run.ended" || (_ended && receipt.Type is "merge.started" or "merge.finished" or "run.recovered");
            _previous = Receipt.HashOf(line);
            _count++;
            return export is null ? null : Compare(receipt, export);
        }

        private static string? Compare(Receipt receipt, List<string> export)
        {
            if (receipt.Seq >= export.Count)
            {
                return $"the exported journal has no record {receipt.Seq}: it was cut short";
            }

            try
            {
                using var document = JsonDocument.Parse(export[(int)receipt.Seq]);
                var record = document.RootElement;
                var bytes = Encoding.UTF8.GetBytes(record.GetProperty("event").GetRawText());
                return record.GetProperty("run").GetString() == receipt.Run.Value
                    && record.GetProperty("seq").GetInt64() == receipt.Seq
                    && record.GetProperty("chain").GetString() == receipt.Chain.Value
                    && BlobHash.Of(bytes) == receipt.Event
                        ? null
                        : $"the exported journal has another record {receipt.Seq}";
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                return $"line {receipt.Seq + 1} of the exported journal is no record";
            }
        }

        private ReceiptFindings Result(int? line, string? problem) => new(_count, _run?.Value, _id, _ended, line, problem);
    }
}
