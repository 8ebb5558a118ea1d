namespace Cairn.Tools.Files;

/// <summary>Names the type of a binary file by its first bytes.</summary>
internal static class FileMagic
{
    private static readonly (byte[] Start, string Name)[] Known =
    [
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "PNG image"),
        ([0xFF, 0xD8, 0xFF], "JPEG image"),
        ([.. "GIF8"u8], "GIF image"),
        ([.. "%PDF-"u8], "PDF document"),
        ([.. "PK\x03\x04"u8], "ZIP archive (or jar, docx, nupkg, …)"),
        ([0x1F, 0x8B], "gzip data"),
        ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard data"),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "xz data"),
        ([.. "BZh"u8], "bzip2 data"),
        ([0x7F, (byte)'E', (byte)'L', (byte)'F'], "ELF executable or library"),
        ([(byte)'M', (byte)'Z', 0x90], "Windows executable or .NET assembly"),
        ([0xCA, 0xFE, 0xBA, 0xBE], "Java class or Mach-O binary"),
        ([0, (byte)'a', (byte)'s', (byte)'m'], "WebAssembly module"),
        ([.. "SQLite format 3\0"u8], "SQLite database"),
        ([.. "RIFF"u8], "RIFF media (WebP, WAV, AVI)"),
        ([.. "OggS"u8], "Ogg media"),
        ([.. "ID3"u8], "MP3 audio"),
        ([.. "wOF"u8], "web font"),
        ([.. "!<arch>\n"u8], "static library"),
    ];

    /// <summary>The type; null when no known one begins like this.</summary>
    public static string? Of(ReadOnlySpan<byte> bytes)
    {
        foreach (var (start, name) in Known)
        {
            if (bytes.StartsWith(start))
            {
                return name;
            }
        }

        return bytes.Length > 262 && bytes[257..262].SequenceEqual("ustar"u8) ? "tar archive" : null;
    }
}
