using System.Globalization;

namespace Cairn.Kernel.Cedar;

/// <summary>A number with four digits behind the point, kept as ten-thousandths in 64 bits.</summary>
internal sealed class DecimalValue(long value) : CedarValue
{
    private const int Digits = 4;

    public long Value { get; } = value;

    public override string Type => "decimal";

    /// <summary>Null when the text is no decimal or beyond 64 bits.</summary>
    public static DecimalValue? Parse(string text)
    {
        var digits = text.AsSpan();
        var negative = digits.StartsWith("-");
        digits = negative ? digits[1..] : digits;
        var point = digits.IndexOf('.');
        if (point < 1 || digits.Length - point - 1 is < 1 or > Digits
            || digits[..point].ContainsAnyExceptInRange('0', '9') || digits[(point + 1)..].ContainsAnyExceptInRange('0', '9'))
        {
            return null;
        }

        // Beyond 19 digits only leading zeros can fit; Int128 holds what 64 bits and four more digits can be.
        var whole = digits[..point].TrimStart('0');
        if (whole.Length > 19)
        {
            return null;
        }

        var all = whole.IsEmpty ? Int128.Zero : Int128.Parse(whole, NumberStyles.None, CultureInfo.InvariantCulture);
        var fraction = digits[(point + 1)..];
        for (var i = 0; i < Digits; i++)
        {
            all = (all * 10) + (i < fraction.Length ? fraction[i] - '0' : 0);
        }

        all = negative ? -all : all;
        return all >= long.MinValue && all <= long.MaxValue ? new((long)all) : null;
    }

    public override bool Equals(CedarValue? other) => other is DecimalValue x && x.Value == Value;

    public override int GetHashCode() => HashCode.Combine(Value, Type);

    public override string ToString()
    {
        var size = Int128.Abs(Value);
        return string.Create(CultureInfo.InvariantCulture, $"decimal(\"{(Value < 0 ? "-" : "")}{size / 10_000}.{(long)(size % 10_000):0000}\")");
    }
}
