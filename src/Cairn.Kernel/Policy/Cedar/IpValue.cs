using System.Globalization;

namespace Cairn.Kernel.Cedar;

/// <summary>An IP address or a range of them.</summary>
internal sealed class IpValue(bool v6, UInt128 address, int prefix) : CedarValue
{
    private const int MaxChars = 43;
    private const int Groups = 8;

    public bool IsV6 => v6;

    public override string Type => "ipaddr";

    public bool IsLoopback => v6 ? address == 1 && prefix == 128 : (address >> 24) == 127 && prefix >= 8;

    public bool IsMulticast => v6 ? (address >> 120) == 0xff && prefix >= 8 : (address >> 28) == 0xe && prefix >= 4;

    private int Bits => v6 ? 128 : 32;

    /// <summary>Null when the text is no address: the reference's rules, which take no IPv4 inside IPv6.</summary>
    public static IpValue? Parse(string text)
    {
        if (text.Length > MaxChars)
        {
            return null;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? text.AsSpan() : text.AsSpan(0, slash);
        var v6 = host.Contains(':');
        if ((v6 ? ParseV6(host) : ParseV4(host)) is not { } address)
        {
            return null;
        }

        var most = v6 ? 128 : 32;
        var prefix = slash < 0 ? most : ParsePrefix(text.AsSpan(slash + 1), most);
        return prefix < 0 ? null : new(v6, address, prefix);
    }

    public bool IsInRange(IpValue other)
    {
        if (v6 != other.IsV6)
        {
            return false;
        }

        var (first, last) = Range();
        var (otherFirst, otherLast) = other.Range();
        return otherFirst <= first && last <= otherLast;
    }

    public override bool Equals(CedarValue? other) => other is IpValue x && x.Same(v6, address, prefix);

    public override int GetHashCode() => HashCode.Combine(v6, address, prefix);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"ip({address:x}/{prefix})");

    private bool Same(bool otherV6, UInt128 otherAddress, int otherPrefix) => v6 == otherV6 && address == otherAddress && prefix == otherPrefix;

    private (UInt128 First, UInt128 Last) Range()
    {
        var hosts = Bits - prefix;
        var mask = hosts == 128 ? UInt128.MaxValue : (UInt128.One << hosts) - 1;
        return (address & ~mask, address | mask);
    }

    private static int ParsePrefix(ReadOnlySpan<char> text, int most)
    {
        if (text.Length == 0 || text.Length > (most == 32 ? 2 : 3) || text.ContainsAnyExceptInRange('0', '9') || (text[0] == '0' && text.Length > 1))
        {
            return -1;
        }

        var prefix = int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        return prefix <= most ? prefix : -1;
    }

    private static UInt128? ParseV4(ReadOnlySpan<char> text)
    {
        uint address = 0;
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range];
            if (++parts > 4 || part.Length is 0 or > 3 || part.ContainsAnyExceptInRange('0', '9') || (part[0] == '0' && part.Length > 1))
            {
                return null;
            }

            var value = uint.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture);
            if (value > 255)
            {
                return null;
            }

            address = (address << 8) | value;
        }

        return parts == 4 ? address : null;
    }

    private static UInt128? ParseV6(ReadOnlySpan<char> text)
    {
        var gap = text.IndexOf("::", StringComparison.Ordinal);
        if (gap < 0)
        {
            return ParseGroups(text, out var all) is { } whole && all == Groups ? whole : null;
        }

        var tail = text[(gap + 2)..];
        if (ParseGroups(text[..gap], out var before) is not { } head || ParseGroups(tail, out var after) is not { } rest || before + after >= Groups)
        {
            return null;
        }

        return before == 0 ? rest : (head << (16 * (Groups - before))) | rest;
    }

    private static UInt128? ParseGroups(ReadOnlySpan<char> text, out int count)
    {
        count = 0;
        var address = UInt128.Zero;
        if (text.IsEmpty)
        {
            return address;
        }

        foreach (var range in text.Split(':'))
        {
            var group = text[range];
            if (++count > Groups || group.Length is 0 or > 4)
            {
                return null;
            }

            foreach (var c in group)
            {
                if (!char.IsAsciiHexDigit(c))
                {
                    return null;
                }
            }

            address = (address << 16) | uint.Parse(group, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        return address;
    }
}
