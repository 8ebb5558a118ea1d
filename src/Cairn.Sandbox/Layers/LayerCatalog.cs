using System.Text;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Which layers are in the body store, and in which pack: `blobs/layers`, a text file beside the bodies, so that a copy of the
/// store holds all that a rollback needs. Each line is `pack HASH LAYER…` or `drop LAYER…` and ends with eight digits that
/// check it. Lines are appended and synced; what a crash tore off the end never counted. Thread safe.
/// </summary>
internal sealed class LayerCatalog(string state)
{
    private const int CheckDigits = 8;

    /// <summary>The file is written anew when it has more than this many lines that no longer count.</summary>
    private const int MaxDeadLines = 1000;

    private readonly string _path = Path.Combine(state, "blobs", "layers");
    private readonly Dictionary<LayerId, BlobHash> _packs = [];
    private long _read;
    private int _lines;

    /// <summary>Held while it is looked at and changed in one go.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The pack that holds a layer; null when none does.</summary>
    public BlobHash? PackOf(LayerId layer)
    {
        lock (Gate)
        {
            if (_packs.TryGetValue(layer, out var pack))
            {
                return pack;
            }

            ReadOn();
            return _packs.TryGetValue(layer, out pack) ? pack : null;
        }
    }

    /// <summary>All layers that are stored.</summary>
    public IReadOnlyList<LayerId> Layers()
    {
        lock (Gate)
        {
            ReadOn();
            return [.. _packs.Keys];
        }
    }

    /// <summary>Notes layers durably. The pack must be durable before.</summary>
    public void Add(BlobHash pack, IReadOnlyCollection<LayerId> layers)
    {
        if (layers.Count > 0)
        {
            Append($"pack {pack} {string.Join(' ', layers)}");
        }
    }

    /// <summary>Takes layers out durably; those that are not in it do not matter.</summary>
    public void Drop(IEnumerable<LayerId> layers)
    {
        lock (Gate)
        {
            ReadOn();
            var known = layers.Where(_packs.ContainsKey).ToList();
            if (known.Count > 0)
            {
                Append($"drop {string.Join(' ', known)}");
            }

            if (_lines - _packs.Count > MaxDeadLines)
            {
                Rewrite();
            }
        }
    }

    private static string Checked(string line) => $"{line} {BlobHash.OfText(line).Value[..CheckDigits]}\n";

    private void Append(string line)
    {
        lock (Gate)
        {
            ReadOn();
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            var isNew = !File.Exists(_path);
            using (var file = File.OpenHandle(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
                // Behind the last whole line: what a crash left there is written over.
                var bytes = Encoding.UTF8.GetBytes(Checked(line));
                RandomAccess.SetLength(file, _read);
                RandomAccess.Write(file, bytes, _read);
                RandomAccess.FlushToDisk(file);
            }

            if (isNew)
            {
                SyncDirectory();
            }

            ReadOn();
        }
    }

    private void Rewrite()
    {
        var text = new StringBuilder();
        foreach (var pack in _packs.GroupBy(p => p.Value, p => p.Key))
        {
            text.Append(Checked($"pack {pack.Key} {string.Join(' ', pack)}"));
        }

        var temporary = _path + ".new";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, Encoding.UTF8.GetBytes(text.ToString()), 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(temporary, _path, overwrite: true);
        SyncDirectory();
        (_read, _lines) = (0, 0);
        _packs.Clear();
        ReadOn();
    }

    private void SyncDirectory()
    {
        using var directory = DirectoryHandle.Open(Path.GetDirectoryName(_path)!);
        directory.SyncDirectory("");
    }

    /// <summary>Takes in what was appended since, also by another process. A shorter file was written anew.</summary>
    private void ReadOn()
    {
        var info = new FileInfo(_path);
        if (!info.Exists || info.Length == _read)
        {
            return;
        }

        if (info.Length < _read)
        {
            (_read, _lines) = (0, 0);
            _packs.Clear();
        }

        using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[RandomAccess.GetLength(file) - _read];
        var got = RandomAccess.Read(file, bytes, _read);
        for (var at = 0; at < got;)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', at, got - at);
            if (end < 0 || !TryTake(Encoding.UTF8.GetString(bytes, at, end - at)))
            {
                if (end >= 0 && Array.IndexOf(bytes, (byte)'\n', end + 1, got - end - 1) >= 0)
                {
                    throw new WorkspaceException(FileProblem.Io, $"The list of stored layers '{_path}' is damaged {_read} bytes from its beginning: what follows there is lost.");
                }

                return; // Torn, or being written just now.
            }

            _read += end + 1 - at;
            at = end + 1;
        }
    }

    private bool TryTake(string line)
    {
        var space = line.LastIndexOf(' ');
        if (space < 0 || BlobHash.OfText(line[..space]).Value[..CheckDigits] != line[(space + 1)..])
        {
            return false;
        }

        var parts = line[..space].Split(' ');
        _lines++;
        if (parts[0] == "pack")
        {
            var pack = BlobHash.Parse(parts[1]);
            foreach (var layer in parts.Skip(2))
            {
                _packs[LayerId.Parse(layer)] = pack;
            }
        }
        else
        {
            foreach (var layer in parts.Skip(1))
            {
                _packs.Remove(LayerId.Parse(layer));
            }
        }

        return true;
    }
}
