using System.Text;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// The rank tables of the encodings, as the npm package tiktoken has them: NAME.json files in one directory, which set-up
/// fetches. Each is read when it is first needed. Where there are none, nobody counts and a bound stands for the count.
/// </summary>
/// <param name="directory">Where the tables are; null when they were not fetched.</param>
public sealed class TokenRanks(string? directory)
{
    private const long MaxFileBytes = 32L * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, BytePairEncoding?> _encodings = new(StringComparer.Ordinal);

    /// <summary>What counts for a model; null when its encoding is not known or its table not there.</summary>
    /// <param name="model">provider:name.</param>
    public ITokenCounter? For(string model) => EncodingOf(model) is { } name ? Encoding(name) : null;

    /// <summary>The encoding of a model; null when it is not known.</summary>
    public static string? EncodingOf(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        const string provider = "openai:";
        if (!model.StartsWith(provider, StringComparison.Ordinal))
        {
            return null;
        }

        var name = model[provider.Length..];
        string[] newer = ["gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "chatgpt-4o", "o1", "o3", "o4"];
        string[] older = ["gpt-4", "gpt-3.5"];
        return Array.Exists(newer, n => name.StartsWith(n, StringComparison.Ordinal)) ? "o200k_base"
            : Array.Exists(older, n => name.StartsWith(n, StringComparison.Ordinal)) ? "cl100k_base"
            : null;
    }

    /// <summary>An encoding by its name; null when its table is not there or not whole.</summary>
    public ITokenCounter? Encoding(string name)
    {
        lock (_gate)
        {
            if (!_encodings.TryGetValue(name, out var encoding))
            {
                _encodings[name] = encoding = Load(name);
            }

            return encoding;
        }
    }

    private BytePairEncoding? Load(string name)
    {
        if (directory is null)
        {
            return null;
        }

        try
        {
            var path = Path.Combine(directory, $"{name}.json");
            if (new FileInfo(path) is not { Exists: true, Length: <= MaxFileBytes })
            {
                return null;
            }

            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return new BytePairEncoding(name, Ranks(json.RootElement.GetProperty("bpe_ranks").GetString()!));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            // A table that is damaged counts nothing; the bound is still there.
            return null;
        }
    }

    /// <summary>Lines of: a sign, the first rank, then tokens in base64, each one rank higher than the one before.</summary>
    private static Dictionary<string, int> Ranks(string text)
    {
        var ranks = new Dictionary<string, int>(210_000, StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(' ');
            var first = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
            for (var i = 2; i < parts.Length; i++)
            {
                ranks.Add(System.Text.Encoding.Latin1.GetString(Convert.FromBase64String(parts[i])), first + i - 2);
            }
        }

        return ranks;
    }
}
