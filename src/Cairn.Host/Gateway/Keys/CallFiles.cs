using System.Globalization;
using System.Text.Json;

namespace Cairn.Host;

/// <summary>What a key's calls came to.</summary>
internal readonly record struct KeySum(long Requests, long Tokens, decimal Usd)
{
    public KeySum With(CallRecord call) => new(Requests + 1, Tokens + call.Usage.Total, Usd + call.Usd);

    public static KeySum operator +(KeySum a, KeySum b) => new(a.Requests + b.Requests, a.Tokens + b.Tokens, a.Usd + b.Usd);
}

/// <summary>The sums of all files that were closed, up to one of them: those before it may be deleted.</summary>
internal sealed record CallSums(int UpTo, SortedDictionary<string, KeySum> Keys);

/// <summary>
/// The files of a call log: the open one, closed ones by number, and the sums of the closed ones. A file is closed by its new name
/// first, then counted into the sums: at each moment in between, sums and files that they do not hold yet are the whole.
/// </summary>
internal sealed class CallFiles(string stateDirectory)
{
    private const string Name = "gateway-calls";
    private const string SumsName = "gateway-sums.json";
    private const int MaxReads = 5;

    public string Open { get; } = Path.Combine(stateDirectory, Name + ".jsonl");

    private string SumsPath => Path.Combine(stateDirectory, SumsName);

    public string Closed(int number) => Path.Combine(stateDirectory, string.Create(CultureInfo.InvariantCulture, $"{Name}.{number:D6}.jsonl"));

    /// <summary>The numbers of the closed files that are kept, oldest first.</summary>
    public List<int> Numbers() => !Directory.Exists(stateDirectory) ? [] :
    [
        .. Directory.EnumerateFiles(stateDirectory, Name + ".*.jsonl")
            .Select(f => int.TryParse(Path.GetFileName(f).Split('.')[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Where(n => n > 0).Order(),
    ];

    /// <exception cref="InvalidDataException">When the file cannot be read: what was spent is not known then.</exception>
    public CallSums Sums()
    {
        try
        {
            return File.Exists(SumsPath) ? JsonSerializer.Deserialize(File.ReadAllBytes(SumsPath), GatewayJson.Default.CallSums)! : new(0, new(StringComparer.Ordinal));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{SumsPath} cannot be read: {e.Message} It holds what keys spent; deleting it forgets all but what the remaining {Name} files hold.", e);
        }
    }

    public void Save(CallSums sums)
    {
        var fresh = SumsPath + ".new";
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            file.Write(JsonSerializer.SerializeToUtf8Bytes(sums, GatewayJson.Default.CallSums));
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, SumsPath, overwrite: true);
    }

    /// <summary>The sums of all calls, also while a daemon closes files.</summary>
    public Dictionary<string, KeySum> Total()
    {
        for (var read = 1; ; read++)
        {
            var (sums, numbers) = (Sums(), Numbers());
            var total = new Dictionary<string, KeySum>(sums.Keys, StringComparer.Ordinal);
            foreach (var number in numbers.Where(n => n > sums.UpTo))
            {
                Read(Closed(number), call => total[call.Key] = total.GetValueOrDefault(call.Key).With(call));
            }

            Read(Open, call => total[call.Key] = total.GetValueOrDefault(call.Key).With(call));
            if (read == MaxReads || (Sums().UpTo == sums.UpTo && Numbers().SequenceEqual(numbers)))
            {
                return total;
            }
        }
    }

    /// <returns>The length of the part that is whole.</returns>
    public static long Read(string path, Action<CallRecord> each)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        long whole = 0;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
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
