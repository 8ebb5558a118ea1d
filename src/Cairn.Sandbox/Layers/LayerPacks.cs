using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>The packs of a state directory. `layers/ID` is a link to the pack that holds the layer.</summary>
internal sealed class LayerPacks(DirectoryHandle state, string path)
{
    private readonly Lock _gate = new();
    private (string Name, PackHeader Header)? _header;
    private (string Name, byte[] Bytes)? _body;

    /// <summary>The pack that holds a layer, relative to the state directory; null when the layer is no packed one.</summary>
    public string? Of(LayerId layer)
    {
        var link = $"layers/{layer}";
        if (state.Stat(link) is not { Kind: EntryKind.Link })
        {
            return null;
        }

        var target = state.ReadLink(link);
        return target.StartsWith("../packs/", StringComparison.Ordinal) && target.Count(c => c == '/') == 2 && FileNames.Last(target) is not ("." or ".." or "")
            ? target[3..]
            : throw new WorkspaceException(FileProblem.Outside, $"'{link}' is a link to '{target}', which is no pack.");
    }

    /// <summary>The description and the trees of a pack's layers.</summary>
    public PackHeader Header(string pack)
    {
        lock (_gate)
        {
            if (_header is not { } known || known.Name != pack)
            {
                using var file = state.OpenFile(pack, out _);
                _header = known = (pack, PackFile.ReadHeader(file, pack));
            }

            return known.Header;
        }
    }

    /// <summary>A content of a pack; null when it holds none with that hash.</summary>
    /// <exception cref="InvalidDataException">When the pack is damaged.</exception>
    public byte[]? Content(string pack, BlobHash hash)
    {
        lock (_gate)
        {
            var at = 0;
            foreach (var content in Header(pack).Contents)
            {
                if (content.Hash == hash)
                {
                    var bytes = Body(pack).AsSpan(at, content.Length).ToArray();
                    return BlobHash.Of(bytes) == hash ? bytes : throw new InvalidDataException($"The content {hash} in the pack '{pack}' is damaged.");
                }

                at += content.Length;
            }

            return null;
        }
    }

    /// <summary>Makes a pack durable under a name that none had before; returns the name.</summary>
    public string Write(LayerId top, byte[] pack)
    {
        const string Temporary = "packs/+new";
        TreeRemoval.Remove(state, Temporary);
        using (var file = File.OpenHandle(Path.Combine(path, Temporary), FileMode.CreateNew, FileAccess.Write))
        {
            FileContent.Write(file, pack);
            RandomAccess.FlushToDisk(file);
        }

        // Never over another: a crash may have left one of that name that layers are linked to.
        var number = 0;
        while (state.Stat($"packs/{top}.{number}") is not null)
        {
            number++;
        }

        var name = $"packs/{top}.{number}";
        LinuxError.Check(
            LinuxCalls.Rename(state.Handle, FileNames.Encode(Temporary), state.Handle, FileNames.Encode(name), LinuxCalls.RenameNoReplace), "move", name);
        state.SyncDirectory("packs");
        return name;
    }

    private byte[] Body(string pack)
    {
        if (_body is not { } known || known.Name != pack)
        {
            using var file = state.OpenFile(pack, out _);
            _body = known = (pack, PackFile.ReadBody(file, pack));
        }

        return known.Bytes;
    }
}
