using System.Buffers.Text;
using System.Text;

namespace Cairn.Bench.Gateway;

/// <summary>The little of HTTP/1.1 that a measuring client and a mock need.</summary>
internal static class HttpText
{
    /// <summary>A number among the headers; null when there is none of that name.</summary>
    public static long? Header(ReadOnlySpan<byte> head, string name)
    {
        foreach (var range in head.Split("\r\n"u8))
        {
            var line = head[range];
            var colon = line.IndexOf((byte)':');
            if (colon == name.Length && Ascii.EqualsIgnoreCase(line[..colon], name) && Utf8Parser.TryParse(line[(colon + 1)..].TrimStart((byte)' '), out long value, out _))
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>Where a number stands that is new in each call: no body is like another, as in life.</summary>
    public const string Number = "000000000000";

    /// <summary>Writes the next number into a message that holds a place for it.</summary>
    public static void Renumber(Span<byte> message, ref long number)
    {
        var place = message.IndexOf("#"u8);
        Utf8Formatter.TryFormat(number++, message[(place + 1)..], out _, new('D', (byte)Number.Length));
    }

    public static byte[] Post(string path, int port, IEnumerable<string> headers, string body) => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n{body}");
}
