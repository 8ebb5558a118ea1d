using System.Text;
using Cairn.Abstractions;

namespace Cairn.Tools.Files;

/// <summary>How a file's text is stored.</summary>
internal enum TextForm
{
    Utf8,
    Utf8Bom,
    Utf16Le,
    Utf16Be,
    Latin1,
}

/// <summary>
/// A file's text and how it is stored, such that encoding what was decoded gives the same bytes. Binary files have no
/// text.
/// </summary>
internal sealed record FileText(string Text, TextForm Form)
{
    private const int SniffedBytes = 8192;

    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    /// <summary>The name of the form, as answers give it.</summary>
    public string Encoding => Name(Form);

    /// <summary>Lines end with CR LF, all of them or most.</summary>
    public bool IsCrLf => Count("\r\n") * 2 > Count("\n");

    /// <summary>CR LF and LF are mixed.</summary>
    public bool IsMixed => Count("\r\n") is > 0 and var crlf && crlf < Count("\n");

    public static string Name(TextForm form) => form switch
    {
        TextForm.Utf8 => "utf-8",
        TextForm.Utf8Bom => "utf-8-bom",
        TextForm.Utf16Le => "utf-16le",
        TextForm.Utf16Be => "utf-16be",
        _ => "latin-1",
    };

    /// <summary>The text of a file; null when it is binary.</summary>
    public static FileText? TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith<byte>([0xFF, 0xFE]) || bytes.StartsWith<byte>([0xFE, 0xFF]))
        {
            var form = bytes[0] == 0xFF ? TextForm.Utf16Le : TextForm.Utf16Be;
            return Try(() => Utf16(form), bytes[2..], form);
        }

        if (FileMagic.Of(bytes) is not null || bytes[..Math.Min(bytes.Length, SniffedBytes)].Contains((byte)0))
        {
            return null;
        }

        return bytes.StartsWith<byte>([0xEF, 0xBB, 0xBF])
            ? Try(() => StrictUtf8, bytes[3..], TextForm.Utf8Bom)
            : Try(() => StrictUtf8, bytes, TextForm.Utf8) ?? Latin1(bytes);
    }

    /// <summary>The bytes of a text in a form; null when the form cannot hold it.</summary>
    public static byte[]? Encode(string text, TextForm form)
    {
        switch (form)
        {
            case TextForm.Latin1:
                return text.Any(c => c > 0xFF) ? null : System.Text.Encoding.Latin1.GetBytes(text);
            case TextForm.Utf16Le or TextForm.Utf16Be:
                return [.. form == TextForm.Utf16Le ? [0xFF, 0xFE] : new byte[] { 0xFE, 0xFF }, .. Utf16(form).GetBytes(text)];
            case TextForm.Utf8Bom:
                return [0xEF, 0xBB, 0xBF, .. StrictUtf8.GetBytes(text)];
            default:
                return StrictUtf8.GetBytes(text);
        }
    }

    private static UnicodeEncoding Utf16(TextForm form) => new(form == TextForm.Utf16Be, false, true);

    private static FileText? Try(Func<Encoding> encoding, ReadOnlySpan<byte> bytes, TextForm form)
    {
        try
        {
            var text = encoding().GetString(bytes);
            return new FileText(text, form);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
        catch (ArgumentException) when (form is TextForm.Utf16Le or TextForm.Utf16Be)
        {
            // An odd number of bytes.
            return null;
        }
    }

    // Any bytes are Latin-1, so only those that look like text are taken for it.
    private static FileText? Latin1(ReadOnlySpan<byte> bytes)
    {
        var sniffed = bytes[..Math.Min(bytes.Length, SniffedBytes)];
        var odd = 0;
        foreach (var b in sniffed)
        {
            odd += b is < 0x20 and not ((byte)'\n' or (byte)'\r' or (byte)'\t' or (byte)'\f' or 0x1B) or (>= 0x7F and < 0xA0) ? 1 : 0;
        }

        return odd * 10 > sniffed.Length ? null : new FileText(System.Text.Encoding.Latin1.GetString(bytes), TextForm.Latin1);
    }

    private int Count(string part) => Text.AsSpan().Count(part);
}
