using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>Merges contents that are known by their hashes. A content that is too large or not to be had merges with nothing.</summary>
internal sealed class MergeTexts(Func<BlobHash, byte[]> content, IBlobStore blobs)
{
    /// <summary>The hash of the merged text; none when the sides clash.</summary>
    public BlobHash Merge(BlobHash origin, BlobHash ours, BlobHash theirs) =>
        Parts(origin, ours, theirs) is { } parts && parts.All(p => p.Settled is not null)
            ? blobs.Put(System.Text.Encoding.UTF8.GetBytes(string.Concat(parts.Select(p => p.Settled))))
            : default;

    /// <summary>The hash of the text with the lines of both sides where they clash; null when there is no such text.</summary>
    public BlobHash? Union(BlobHash? origin, BlobHash ours, BlobHash theirs) =>
        Parts(origin, ours, theirs) is { } parts ? blobs.Put(TextMerge.Union(parts)) : null;

    public List<TextPart>? Parts(BlobHash? origin, BlobHash ours, BlobHash theirs)
    {
        try
        {
            return TextMerge.Parts(origin is { } hash ? Small(hash) : null, Small(ours), Small(theirs));
        }
        catch (Exception e) when (e is InvalidDataException or WorkspaceException)
        {
            // Too large to be captured: a person has to look.
            return null;
        }
    }

    private byte[] Small(BlobHash hash)
    {
        if (hash.IsNone)
        {
            throw new InvalidDataException("It has no content.");
        }

        var bytes = content(hash);
        return bytes.Length <= TextMerge.MaxBytes ? bytes : throw new InvalidDataException("It is too large.");
    }
}
