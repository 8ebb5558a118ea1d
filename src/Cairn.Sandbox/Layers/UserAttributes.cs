using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// A file's extended attributes of the user.* kind, overlayfs' own left out. Others are never carried: security.capability
/// would give a program of a sandbox rights outside of it. In stored form: for each name in byte order, the lengths of name
/// and value as little-endian 32-bit numbers, the name, the value.
/// </summary>
internal static class UserAttributes
{
    private const int MaxBytes = 64 * 1024;
    private static readonly byte[] Prefix = "user."u8.ToArray();
    private static readonly byte[] Overlay = "user.overlay."u8.ToArray();

    /// <summary>The stored form; null when there are none, or the file system has none.</summary>
    public static byte[]? Read(SafeFileHandle entry)
    {
        var names = Names(entry);
        if (names.Count == 0)
        {
            return null;
        }

        using var stored = new MemoryStream();
        var lengths = new byte[8];
        foreach (var name in names)
        {
            if (Value(entry, name) is not { } value)
            {
                continue; // Taken away meanwhile.
            }

            BinaryPrimitives.WriteInt32LittleEndian(lengths, name.Length - 1);
            BinaryPrimitives.WriteInt32LittleEndian(lengths.AsSpan(4), value.Length);
            stored.Write(lengths);
            stored.Write(name.AsSpan(0, name.Length - 1));
            stored.Write(value);
        }

        return stored.Length == 0 ? null : stored.ToArray();
    }

    /// <summary>Hash of the stored form; null when there are none.</summary>
    public static BlobHash? Hash(SafeFileHandle entry) => Read(entry) is { } stored ? BlobHash.Of(stored) : null;

    /// <summary>Makes an entry have exactly these; null for none.</summary>
    public static void Set(SafeFileHandle entry, byte[]? stored, string path)
    {
        var wanted = Parse(stored, path).ToList();
        foreach (var name in Names(entry).Where(name => !wanted.Any(w => w.Name.AsSpan().SequenceEqual(name))))
        {
            LinuxError.Check(LinuxCalls.RemoveAttribute(entry, name), "take an attribute from", path);
        }

        foreach (var (name, value) in wanted)
        {
            LinuxError.Check(LinuxCalls.SetAttribute(entry, name, value, value.Length, 0), "give an attribute to", path);
        }
    }

    /// <summary>Gives an entry the attributes of another one.</summary>
    public static void Copy(SafeFileHandle from, SafeFileHandle to, string path)
    {
        if (Read(from) is { } stored)
        {
            Set(to, stored, path);
        }
    }

    /// <summary>False on a file system that has none.</summary>
    public static bool AreSupported(SafeFileHandle entry) =>
        LinuxCalls.GetAttribute(entry, FileNames.Encode("user.cairn"), [], 0) >= 0 || Marshal.GetLastPInvokeError() != LinuxError.NotSupported;

    /// <summary>The names with their NUL, in byte order.</summary>
    private static List<byte[]> Names(SafeFileHandle entry)
    {
        var found = new List<byte[]>();
        var length = LinuxCalls.ListAttributes(entry, [], 0);
        if (length <= 0)
        {
            return found;
        }

        var names = new byte[MaxBytes];
        length = LinuxCalls.ListAttributes(entry, names, names.Length);
        for (var at = 0; at < length;)
        {
            var end = Array.IndexOf(names, (byte)0, at) + 1;
            var name = names.AsSpan(at, end - at);
            if (name.StartsWith(Prefix) && !name.StartsWith(Overlay))
            {
                found.Add(name.ToArray());
            }

            at = end;
        }

        found.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        return found;
    }

    private static byte[]? Value(SafeFileHandle entry, byte[] name)
    {
        var value = new byte[MaxBytes];
        var length = LinuxCalls.GetAttribute(entry, name, value, value.Length);
        return length < 0 ? null : value[..(int)length];
    }

    private static IEnumerable<(byte[] Name, byte[] Value)> Parse(byte[]? stored, string path)
    {
        for (var at = 0; stored is not null && at < stored.Length;)
        {
            var rest = stored.AsSpan(at);
            var (name, value) = rest.Length < 8 ? (-1, -1)
                : (BinaryPrimitives.ReadInt32LittleEndian(rest), BinaryPrimitives.ReadInt32LittleEndian(rest[4..]));
            if (name < 0 || value < 0 || rest.Length - 8L < (long)name + value || !rest[8..].StartsWith(Prefix))
            {
                throw new InvalidDataException($"The stored attributes of '{path}' are damaged.");
            }

            yield return ([.. stored.AsSpan(at + 8, name), 0], stored.AsSpan(at + 8 + name, value).ToArray());
            at += 8 + name + value;
        }
    }
}
