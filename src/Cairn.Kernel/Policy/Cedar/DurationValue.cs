using System.Globalization;

namespace Cairn.Kernel.Cedar;

/// <summary>A stretch of time in milliseconds.</summary>
internal sealed class DurationValue(long milliseconds) : CedarValue
{
    public long Milliseconds { get; } = milliseconds;

    public override string Type => "duration";

    /// <summary>`-1d2h3m4s5ms`, units in this order; null for anything else and beyond 64 bits.</summary>
    public static DurationValue? Parse(string text)
    {
        var negative = text.StartsWith('-');
        var at = negative ? 1 : 0;
        if (at == text.Length)
        {
            return null;
        }

        var sum = Int128.Zero;
        var last = -1;
        while (at < text.Length)
        {
            var start = at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                at++;
            }

            var (rank, factor, length) = Unit(text, at);
            if (at == start || rank <= last
                || !ulong.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                return null;
            }

            sum += (Int128)count * factor;
            last = rank;
            at += length;
        }

        sum = negative ? -sum : sum;
        return sum >= long.MinValue && sum <= long.MaxValue ? new((long)sum) : null;
    }

    public override bool Equals(CedarValue? other) => other is DurationValue x && x.Milliseconds == Milliseconds;

    public override int GetHashCode() => HashCode.Combine(Milliseconds, Type);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"duration(\"{Milliseconds}ms\")");

    private static (int Rank, long Factor, int Length) Unit(string text, int at) => (at < text.Length ? text[at] : '\0') switch
    {
        'd' => (0, 86_400_000, 1),
        'h' => (1, 3_600_000, 1),
        'm' when at + 1 < text.Length && text[at + 1] == 's' => (4, 1, 2),
        'm' => (2, 60_000, 1),
        's' => (3, 1000, 1),
        _ => (-1, 0, 1),
    };
}
