using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Cairn.Storage;

/// <summary>
/// The signed word of a state directory's owner that a record stood in a run's journal. One line of JSON; what is signed is
/// the line itself up to the signature, so that it can be checked with a text tool and openssl.
/// </summary>
/// <param name="Run">The run.</param>
/// <param name="Seq">The record's place in it.</param>
/// <param name="Type">The event's type: model.started, tool.finished, …</param>
/// <param name="Event">SHA-256 of the event's JSON, byte for byte as in the journal and its export.</param>
/// <param name="Chain">The record's chain value: SHA-256 over all records up to this one.</param>
/// <param name="At">When the record was appended.</param>
/// <param name="Previous">SHA-256 of the line before, without its line break; zeros for the first.</param>
/// <param name="Key">The signing key: the first 16 digits of the SHA-256 of the public key's DER form.</param>
internal sealed record Receipt(
    RunId Run, long Seq, string Type, BlobHash Event, BlobHash Chain, DateTimeOffset At, BlobHash Previous, string Key)
{
    /// <summary>No line is longer, in bytes: ids, types and hashes all have a limit.</summary>
    public const int MaxLineBytes = 1024;

    private const string SignatureMark = ",\"sig\":\"";

    /// <summary>The beginning of the line, which is what is signed.</summary>
    public string Signed => string.Create(CultureInfo.InvariantCulture,
        $"{{\"v\":1,\"run\":\"{Run}\",\"seq\":{Seq},\"type\":\"{Type}\",\"event\":\"{Event}\",\"chain\":\"{Chain}\",\"at\":\"{At.UtcDateTime:O}\",\"prev\":\"{Previous}\",\"key\":\"{Key}\"");

    /// <summary>The receipt of a record.</summary>
    public static Receipt Of(JournalRecord record, BlobHash previous, string key)
    {
        var bytes = CairnJson.Bytes(record.Event, CairnJson.Default.RunEvent);
        using var document = JsonDocument.Parse(bytes);
        var type = document.RootElement.GetProperty("type").GetString()!;
        return new(record.Run, record.Seq, type, BlobHash.Of(bytes), record.Chain, record.At, previous, key);
    }

    /// <summary>The whole line, without a line break.</summary>
    public string Line(byte[] signature) => $"{Signed}{SignatureMark}{Convert.ToBase64String(signature)}\"}}";

    /// <summary>The hash that the next receipt carries.</summary>
    public static BlobHash HashOf(string line) => BlobHash.OfText(line);

    /// <summary>Reads a line; null when it is not exactly what <see cref="Line"/> writes: two spellings of one receipt do not exist.</summary>
    public static (Receipt Receipt, byte[] Signature)? Parse(string line)
    {
        if (Encoding.UTF8.GetByteCount(line) > MaxLineBytes)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var at = DateTimeOffset.ParseExact(Text(root, "at"), "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            var receipt = new Receipt(
                RunId.Parse(Text(root, "run")), root.GetProperty("seq").GetInt64(), Text(root, "type"), BlobHash.Parse(Text(root, "event")),
                BlobHash.Parse(Text(root, "chain")), at, BlobHash.Parse(Text(root, "prev")), Text(root, "key"));
            var signature = Convert.FromBase64String(Text(root, "sig"));
            return receipt.Line(signature) == line ? (receipt, signature) : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string Text(JsonElement root, string name) => root.GetProperty(name).GetString() ?? "";
}
