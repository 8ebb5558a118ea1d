using System.Buffers;
using System.Text;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// File names are bytes, paths in the contract are text. Valid UTF-8 is itself; a byte that is not maps to one
/// character of plane 16's private use area (U+10FE80..U+10FEFF), which survives JSON, unlike a lone surrogate. The
/// map is one to one: a name that really holds such a character has its bytes mapped one by one as well.
/// </summary>
internal static class FileNames
{
    private const int EscapeBase = 0x10FE00;
    private const int EscapeFirst = 0x10FE80;
    private const int EscapeLast = 0x10FEFF;

    /// <summary>Bytes as the file system has them, to text.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var used);
            if (status == OperationStatus.Done && rune.Value is < EscapeFirst or > EscapeLast)
            {
                text.Append(rune);
            }
            else
            {
                used = Math.Max(used, 1);
                foreach (var b in bytes[..used])
                {
                    text.Append(new Rune(EscapeBase + b));
                }
            }

            bytes = bytes[used..];
        }

        return text.ToString();
    }

    /// <summary>Text to the file system's bytes, with the NUL that system calls want.</summary>
    public static byte[] Encode(string text)
    {
        var buffer = new byte[Encoding.UTF8.GetMaxByteCount(text.Length) + 1];
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is >= EscapeFirst and <= EscapeLast)
            {
                buffer[length++] = (byte)(rune.Value - EscapeBase);
            }
            else
            {
                length += rune.EncodeToUtf8(buffer.AsSpan(length));
            }
        }

        return buffer[..(length + 1)];
    }

    /// <summary>True when the text can be a path at all: no NUL, no broken surrogate.</summary>
    public static bool IsPath(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0' || (char.IsSurrogate(text[i]) && !(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[++i]))))
            {
                return false;
            }
        }

        return true;
    }

    public static string Join(string directory, string name) => directory.Length == 0 ? name : directory + "/" + name;

    public static string Parent(string path) => path.LastIndexOf('/') is >= 0 and var i ? path[..i] : "";

    public static string Last(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>How deep a path lies: 1 for a name in the root.</summary>
    public static int Depth(string path) => path.Length == 0 ? 0 : path.AsSpan().Count('/') + 1;

    /// <summary>True for the repository's own .git and what lies in it.</summary>
    public static bool IsGit(string path) => path == ".git" || path.StartsWith(".git/", StringComparison.Ordinal);

    /// <summary>True when a part of the path is a .git, as any file system may write it: git finds a repository there.</summary>
    public static bool IsInsideGit(string path) => path.Split('/').Any(part => part.Equals(".git", StringComparison.OrdinalIgnoreCase));
}
