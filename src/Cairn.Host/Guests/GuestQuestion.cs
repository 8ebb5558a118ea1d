using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Models;

namespace Cairn.Host;

/// <summary>A question of a guest as the journal keeps it: the arguments of its syscall.</summary>
internal static class GuestQuestion
{
    /// <summary>How each begins, which tells it from the end of the program.</summary>
    public const string Start = "{\"format\":";

    /// <summary>What a program makes up anew for each life: two questions that differ in it only are the same.</summary>
    private static readonly string[] Fleeting = ["metadata", "client_metadata", "prompt_cache_key", "user", "safety_identifier", "stream_options"];

    /// <param name="format">The client's format.</param>
    /// <param name="model">The model that is asked.</param>
    /// <param name="body">The body as it came.</param>
    /// <param name="secret">The run's key, which no record holds.</param>
    public static string Write(WireFormat format, string model, ReadOnlyMemory<byte> body, string secret) =>
        $"{Start}\"{format}\",\"model\":\"{JsonEncodedText.Encode(model)}\",\"body\":{Encoding.UTF8.GetString(body.Span).Replace(secret, "[key]", StringComparison.Ordinal)}}}";

    /// <summary>Names what is asked, without what is made up anew each time.</summary>
    public static string Identity(WireFormat format, ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        return Identity(format.ToString(), document.RootElement);
    }

    /// <summary>The same of a recorded question.</summary>
    public static string Identity(ReadOnlyMemory<byte> question)
    {
        using var document = JsonDocument.Parse(question);
        return Identity(document.RootElement.GetProperty("format").GetString()!, document.RootElement.GetProperty("body"));
    }

    private static string Identity(string format, JsonElement body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(format));
        foreach (var property in body.EnumerateObject().Where(p => !Fleeting.Contains(p.Name)).OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\n{property.Name}:{property.Value.GetRawText()}"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
