using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>What the file system says of one entry, links not followed.</summary>
internal readonly record struct FileStat(
    EntryKind Kind, int Mode, long Length, uint Uid, uint Gid, ulong Inode, ulong Device, long Modified, long Changed, bool IsWhiteout)
{
    public const int TypePipe = 0x1000, TypeSocket = 0xC000;
    private const int TypeMask = 0xF000, TypeFile = 0x8000, TypeDirectory = 0x4000, TypeLink = 0xA000, TypeCharacter = 0x2000;

    /// <summary>The file type's bits.</summary>
    public int Type { get; init; }

    /// <summary>Its permission bits let everybody read it: nobody needs to be asked.</summary>
    public bool IsForAll => (Mode & 0x124) == 0x124;

    public static FileStat From(in LinuxCalls.StatX s)
    {
        var type = s.Mode & TypeMask;
        var kind = type switch
        {
            TypeFile => EntryKind.File,
            TypeDirectory => EntryKind.Directory,
            TypeLink => EntryKind.Link,
            _ => EntryKind.Other,
        };
        return new(
            kind,
            s.Mode & 0xFFF,
            kind == EntryKind.File ? (long)s.Size : 0,
            s.Uid,
            s.Gid,
            s.Inode,
            ((ulong)s.DeviceMajor << 32) | s.DeviceMinor,
            unchecked((s.ModifiedSeconds * 1_000_000_000) + s.ModifiedNanoseconds),
            unchecked((s.ChangedSeconds * 1_000_000_000) + s.ChangedNanoseconds),
            type == TypeCharacter && s.DeviceTypeMajor == 0 && s.DeviceTypeMinor == 0) { Type = type };
    }
}
