using System.Globalization;
using System.Text;

namespace Cairn.Sandbox.Egress;

/// <summary>The request line and headers of one HTTP/1 request, read strictly: what can be read in two ways is refused.</summary>
internal sealed class RequestHead
{
    /// <summary>The most bytes of a request line and its headers.</summary>
    public const int MaxBytes = 64 * 1024;

    private const int MaxHeaders = 200;
    private const string Encodings = "Accept-Encoding";
    private static readonly HashSet<string> OneHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "connection", "proxy-connection", "proxy-authorization", "proxy-authenticate", "keep-alive", "te", "trailer", "upgrade", "host", "expect",
    };

    private RequestHead(string method, string target, List<(string Name, string Value)> headers) => (Method, Target, Headers) = (method, target, headers);

    public string Method { get; }

    /// <summary>host:port of a CONNECT; an absolute URL of all others.</summary>
    public string Target { get; }

    public List<(string Name, string Value)> Headers { get; }

    /// <summary>The body's bytes; 0 for none; null when it comes in chunks.</summary>
    public long? BodyLength { get; private set; }

    /// <summary>Where the headers end: after the empty line. Negative when they have not ended yet.</summary>
    public static int End(ReadOnlySpan<byte> bytes)
    {
        var at = bytes.IndexOf("\r\n\r\n"u8);
        return at < 0 ? -1 : at + 4;
    }

    /// <exception cref="FormatException">When it is no request that can be read in one way only.</exception>
    public static RequestHead Parse(ReadOnlySpan<byte> bytes)
    {
        var lines = Encoding.Latin1.GetString(bytes).Split("\r\n");
        var words = lines[0].Split(' ');
        if (words.Length != 3 || words[2] is not ("HTTP/1.1" or "HTTP/1.0") || !IsToken(words[0]) || words[1].Length == 0 || words[1].Any(c => c is <= ' ' or >= '\x7F'))
        {
            throw new FormatException("this is no HTTP/1 request");
        }

        var headers = new List<(string, string)>();
        foreach (var line in lines.Skip(1).TakeWhile(l => l.Length > 0))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !IsToken(line[..colon]) || line.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0 || headers.Count >= MaxHeaders)
            {
                throw new FormatException("a header cannot be read, or there are too many");
            }

            headers.Add((line[..colon], line[(colon + 1)..].Trim(' ', '\t')));
        }

        var head = new RequestHead(words[0], words[1], headers);
        head.BodyLength = head.Length();
        return head;
    }

    /// <summary>The head as the host gets it: its own form of the target, the host that was decided on, nothing that is meant for a proxy.</summary>
    /// <param name="url">What is asked for.</param>
    /// <param name="credential">A header to put in place of the client's; null for none.</param>
    public byte[] ForHost(Uri url, AddedSecret? credential)
    {
        var named = Headers.Where(h => h.Name.Equals("connection", StringComparison.OrdinalIgnoreCase))
            .SelectMany(h => h.Value.Split(',', StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var text = new StringBuilder($"{Method} {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\n");
        foreach (var (name, value) in Headers)
        {
            // A client that names a framing header as one hop's must not make it vanish.
            var framing = name.Equals("content-length", StringComparison.OrdinalIgnoreCase) || name.Equals("transfer-encoding", StringComparison.OrdinalIgnoreCase);
            var ours = credential is { } added && (name.Equals(added.Header, StringComparison.OrdinalIgnoreCase) || name.Equals(Encodings, StringComparison.OrdinalIgnoreCase));
            if (framing || !(OneHop.Contains(name) || named.Contains(name) || ours))
            {
                text.Append(name).Append(": ").Append(value).Append("\r\n");
            }
        }

        if (credential is { } secret)
        {
            // An answer in plain bytes, in which the secret would be seen.
            text.Append(Encodings).Append(": identity\r\n");
            text.Append(secret.Header).Append(": ").Append(secret.Value).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(text.Append("Connection: close\r\n\r\n").ToString());
    }

    private long? Length()
    {
        var lengths = Values("content-length");
        var encodings = Values("transfer-encoding");
        if (encodings.Count > 0)
        {
            return lengths.Count == 0 && encodings.Count == 1 && encodings[0].Equals("chunked", StringComparison.OrdinalIgnoreCase)
                ? null
                : throw new FormatException("the length of the body is given in two ways");
        }

        return lengths.Count switch
        {
            0 => 0,
            1 when long.TryParse(lengths[0], NumberStyles.None, CultureInfo.InvariantCulture, out var length) => length,
            _ => throw new FormatException("the length of the body cannot be read"),
        };
    }

    private List<string> Values(string name) => [.. Headers.Where(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value)];

    private static bool IsToken(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));
}
