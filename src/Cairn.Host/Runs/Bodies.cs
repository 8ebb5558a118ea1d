using System.Text;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Texts in the blob store, with their token counts.</summary>
internal static class Bodies
{
    public static TextSource PutText(this IBlobStore blobs, string source, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new(source, blobs.Put(bytes), TokenEstimate.UpperBound(bytes.Length));
    }

    /// <summary>Likewise, counted exactly when there is a counter.</summary>
    public static TextSource PutText(this IBlobStore blobs, string source, string text, ITokenCounter? counter)
    {
        var stored = blobs.PutText(source, text);
        return counter is null ? stored : stored with { Tokens = counter.Count(text) };
    }

    public static string GetText(this IBlobStore blobs, BlobHash hash) => Encoding.UTF8.GetString(blobs.Get(hash));
}
