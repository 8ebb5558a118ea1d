using System.Runtime.InteropServices;
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
    private readonly Dictionary<(RunId Run, string Path), List<LinkedListNode<Seen>>> _byPath = [];
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
            var node = _order.AddFirst(new Seen(run, path, version, content.ToArray()));
            (CollectionsMarshal.GetValueRefOrAddDefault(_byPath, (run, path), out _) ??= []).Add(node);
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

    private LinkedListNode<Seen>? Node(RunId run, string path, string version) =>
        _byPath.TryGetValue((run, path), out var nodes) ? nodes.Find(n => FileVersion.Is(version, n.Value.Version)) : null;

    private void Remove(LinkedListNode<Seen>? node)
    {
        if (node is null)
        {
            return;
        }

        _order.Remove(node);
        _bytes -= node.Value.Content.Length;
        var place = (node.Value.Run, node.Value.Path);
        _byPath[place].Remove(node);
        if (_byPath[place].Count == 0)
        {
            _byPath.Remove(place);
        }
    }

    private sealed record Seen(RunId Run, string Path, BlobHash Version, byte[] Content);
}
