using System.Globalization;

namespace Cairn.Kernel.Cedar;

/// <summary>A moment: milliseconds from the Unix epoch.</summary>
internal sealed class DateTimeValue(long epoch) : CedarValue
{
    private const long Day = 24L * 3600 * 1000;

    public long Epoch { get; } = epoch;

    public override string Type => "datetime";

    /// <summary>The midnight before it; null when that is beyond 64 bits.</summary>
    public DateTimeValue? Date
    {
        get
        {
            var day = (Int128)Epoch - Time;
            return day >= long.MinValue ? new((long)day) : null;
        }
    }

    /// <summary>Milliseconds since that midnight.</summary>
    public long Time => ((Epoch % Day) + Day) % Day;

    /// <summary>`2024-10-15`, `2024-10-15T11:35:00Z`, `2024-10-15T11:35:00.000+0100`; null for anything else.</summary>
    public static DateTimeValue? Parse(string text)
    {
        if (!Matches(text, 0, "dddd-dd-dd"))
        {
            return null;
        }

        var (year, month, day) = (Digits(text, 0, 4), Digits(text, 5, 2), Digits(text, 8, 2));
        if (month is < 1 or > 12 || day < 1 || day > DaysOf(year, month))
        {
            return null;
        }

        var epoch = DaysFromEpoch(year, month, day) * Day;
        return text.Length == 10 ? new(epoch) : ParseTime(text) is { } time ? new(epoch + time) : null;
    }

    public override bool Equals(CedarValue? other) => other is DateTimeValue x && x.Epoch == Epoch;

    public override int GetHashCode() => HashCode.Combine(Epoch, Type);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"datetime(\"1970-01-01\").offset(duration(\"{Epoch}ms\"))");

    /// <summary>Milliseconds of the day, less the offset from UTC.</summary>
    private static long? ParseTime(string text)
    {
        if (!Matches(text, 10, "Tdd:dd:dd"))
        {
            return null;
        }

        var (hour, minute, second) = (Digits(text, 11, 2), Digits(text, 14, 2), Digits(text, 17, 2));
        var at = 19;
        var milliseconds = 0;
        if (Matches(text, at, ".ddd"))
        {
            milliseconds = Digits(text, at + 1, 3);
            at += 4;
        }

        long offset;
        if (text.Length == at + 1 && text[at] == 'Z')
        {
            offset = 0;
        }
        else if (text.Length == at + 5 && text[at] is '+' or '-' && Matches(text, at + 1, "dddd"))
        {
            var (hours, minutes) = (Digits(text, at + 1, 2), Digits(text, at + 3, 2));
            if (hours > 23 || minutes > 59)
            {
                return null;
            }

            offset = ((hours * 60L) + minutes) * 60_000 * (text[at] == '+' ? 1 : -1);
        }
        else
        {
            return null;
        }

        return hour > 23 || minute > 59 || second > 59 ? null : ((((hour * 60L) + minute) * 60) + second) * 1000 + milliseconds - offset;
    }

    private static bool Matches(string text, int at, string shape)
    {
        if (text.Length < at + shape.Length)
        {
            return false;
        }

        for (var i = 0; i < shape.Length; i++)
        {
            if (shape[i] == 'd' ? !char.IsAsciiDigit(text[at + i]) : text[at + i] != shape[i])
            {
                return false;
            }
        }

        return true;
    }

    private static int Digits(string text, int at, int count) =>
        int.Parse(text.AsSpan(at, count), NumberStyles.None, CultureInfo.InvariantCulture);

    private static int DaysOf(int year, int month) => month switch
    {
        2 => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };

    /// <summary>The Gregorian calendar carried back without end, the year 0 included, which .NET's own calendar has not.</summary>
    private static long DaysFromEpoch(int year, int month, int day)
    {
        var y = month <= 2 ? year - 1 : year;
        var era = (y >= 0 ? y : y - 399) / 400;
        var ofEra = y - (era * 400);
        var ofYear = ((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5 + day - 1;
        return (era * 146_097L) + (ofEra * 365) + (ofEra / 4) - (ofEra / 100) + ofYear - 719_468;
    }
}
