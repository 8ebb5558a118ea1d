using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>One call through the gateway, as it is recorded: everything but the bodies, which are in the blob store.</summary>
/// <param name="Key">The key's id.</param>
/// <param name="At">When it came.</param>
/// <param name="Format">The client's format.</param>
/// <param name="Model">PROVIDER:NAME that answered.</param>
/// <param name="Status">The HTTP status that the client got.</param>
/// <param name="Request">The request's body.</param>
/// <param name="Answer">What the client was sent; none when nothing was.</param>
/// <param name="Usage">Tokens as the provider counted them.</param>
/// <param name="Usd">Their price; 0 when it is unknown.</param>
/// <param name="Milliseconds">From the request to the answer's end.</param>
internal sealed record CallRecord(
    string Key, DateTimeOffset At, string Format, string Model, int Status, BlobHash Request, BlobHash Answer, ModelUsage Usage, decimal Usd, long Milliseconds)
{
    /// <summary>What went wrong; null when nothing did.</summary>
    public string? Error { get; init; }
}

/// <summary>
/// The calls of standing keys, one line of JSON each, appended as they end. The lines are what the keys' budgets are counted from
/// when a daemon starts. A line that a crash cut is dropped; a killed process loses none, a power cut at most the last second.
/// </summary>
internal sealed class CallLog : IDisposable
{
    private const string FileName = "gateway-calls.jsonl";
    private static readonly TimeSpan Flushing = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly FileStream _file;
    private readonly ITimer _timer;
    private bool _dirty;

    public CallLog(string stateDirectory, TimeProvider time, Action<CallRecord> each)
    {
        var path = Path.Combine(stateDirectory, FileName);
        var whole = ReadFile(path, each);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        _file = new FileStream(path, options);
        _file.SetLength(whole);
        _file.Position = whole;
        _timer = time.CreateTimer(_ => Flush(), null, Flushing, Flushing);
    }

    /// <summary>Reads the calls of a state directory.</summary>
    public static void Read(string stateDirectory, Action<CallRecord> each) => ReadFile(Path.Combine(stateDirectory, FileName), each);

    public void Append(CallRecord call)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(call, GatewayJson.Default.CallRecord), (byte)'\n'];
        lock (_gate)
        {
            _file.Write(line);
            _dirty = true;
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        Flush();
        _file.Dispose();
    }

    private void Flush()
    {
        lock (_gate)
        {
            if (_dirty && _file.CanWrite)
            {
                _dirty = false;
                _file.Flush(flushToDisk: true);
            }
        }
    }

    /// <returns>The length of the part that is whole.</returns>
    private static long ReadFile(string path, Action<CallRecord> each)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        long whole = 0;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        while (reader.ReadLine() is { } line)
        {
            var length = System.Text.Encoding.UTF8.GetByteCount(line) + 1;
            if (whole + length > file.Length || Parse(line) is not { } call)
            {
                break;
            }

            whole += length;
            each(call);
        }

        return whole;
    }

    private static CallRecord? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, GatewayJson.Default.CallRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
