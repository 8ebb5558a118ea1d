using Cairn.Abstractions;

namespace Cairn.Tools.Files;

/// <summary>
/// The last versions that agents saw, so that a stale edit can be answered with what changed since. Only a convenience:
/// without an entry the answer lacks the diff, nothing else.
/// </summary>
internal sealed class SeenVersions
{
    private const int MaxEntries = 2048;
    private const long MaxBytes = 32L * 1024 * 1024;
    private const int MaxBytesEach = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly LinkedList<Seen> _order = new();
    private long _bytes;

    public void Add(RunId run, WorkspaceFile file) => Add(run, file.Path, file.Version, file.Content);

    public void Add(RunId run, string path, BlobHash version, ReadOnlyMemory<byte> content)
    {
        if (content.Length > MaxBytesEach)
        {
            return;
        }

        lock (_gate)
        {
            Remove(Node(run, path, version.Value));
            _order.AddFirst(new Seen(run, path, version, content.ToArray()));
            _bytes += content.Length;
            while (_order.Count > MaxEntries || _bytes > MaxBytes)
            {
                Remove(_order.Last);
            }
        }
    }

    /// <summary>The content of a version that the run saw; null when it is not known any more.</summary>
    public byte[]? Find(RunId run, string path, string version)
    {
        lock (_gate)
        {
            return Node(run, path, version)?.Value.Content;
        }
    }

    private LinkedListNode<Seen>? Node(RunId run, string path, string version)
    {
        for (var node = _order.First; node is not null; node = node.Next)
        {
            if (node.Value.Run == run && node.Value.Path == path && FileVersion.Is(version, node.Value.Version))
            {
                return node;
            }
        }

        return null;
    }

    private void Remove(LinkedListNode<Seen>? node)
    {
        if (node is not null)
        {
            _order.Remove(node);
            _bytes -= node.Value.Content.Length;
        }
    }

    private sealed record Seen(RunId Run, string Path, BlobHash Version, byte[] Content);
}
