using System.Text;

namespace Cairn.Tools.Lsp;

/// <summary>Files as the protocol names them.</summary>
internal static class LspUri
{
    private const string Scheme = "file://";
    private const int MaxLength = 16 * 1024;

    /// <summary>The address of a path of the workspace.</summary>
    public static string Of(string root, string path) =>
        Scheme + string.Join('/', (path.Length == 0 ? root : $"{root.TrimEnd('/')}/{path}").Split('/').Select(Uri.EscapeDataString));

    /// <summary>The path of a file: relative when it lies in the workspace, else absolute; null when it is none.</summary>
    public static string? Path(string root, string uri)
    {
        if (uri.Length > MaxLength || !uri.StartsWith(Scheme + "/", StringComparison.Ordinal) || Decoded(uri[Scheme.Length..]) is not { } path
            || path.Contains('\0', StringComparison.Ordinal) || path.Split('/').Any(part => part is ".." or "."))
        {
            return null;
        }

        var above = root.TrimEnd('/') + "/";
        return path.StartsWith(above, StringComparison.Ordinal) ? path[above.Length..] : path;
    }

    /// <summary>It lies in the workspace.</summary>
    public static bool IsInside(string path) => path.Length > 0 && path[0] != '/';

    private static string? Decoded(string text)
    {
        try
        {
            return new UTF8Encoding(false, true).GetString(Bytes(text));
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static byte[] Bytes(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text, i, char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1));
                i += char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 1 : 0;
            }
        }

        return [.. bytes];
    }
}
