using System.Security.Cryptography;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Frames texts that nobody vouches for. The mark of a frame is derived from a secret of the run, the item's address and the
/// hash of its body: who wrote the body knows neither the secret nor, for that, the mark of any other item's frame; and a mark
/// that was seen once is of no use in another body, because that one has another hash.
/// </summary>
public static class Fence
{
    /// <summary>Upper bound of the tokens that a frame takes.</summary>
    public const int Tokens = 48;

    private const int MarkBytes = 8;

    /// <summary>The body within its frame.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="address">The item's address.</param>
    /// <param name="hash">The hash of the body.</param>
    /// <param name="body">The body.</param>
    public static string Frame(RunStarted spec, string address, BlobHash hash, string body)
    {
        var mark = Mark(spec, address, hash);
        return $"<data-{mark} from=\"{address}\">\n{body}\n</data-{mark}>";
    }

    /// <summary>The mark of an item's frame: 16 hexadecimal digits.</summary>
    public static string Mark(RunStarted spec, string address, BlobHash hash)
    {
        ArgumentNullException.ThrowIfNull(spec);
        Span<byte> key = stackalloc byte[BlobHash.Size];
        (spec.Fence ?? spec.Task.Body).CopyTo(key);
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{address}\n{hash}"), mac);
        return Convert.ToHexStringLower(mac[..MarkBytes]);
    }
}
