namespace Cairn.Storage;

/// <summary>Times as the log holds them: 100 ns since 1970-01-01 UTC, so that what is read equals what was appended.</summary>
internal static class LogTime
{
    public static long Of(DateTimeOffset time) => time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;

    public static DateTimeOffset From(long time) => new(
        Math.Clamp(time + DateTimeOffset.UnixEpoch.Ticks, DateTimeOffset.MinValue.Ticks, DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero);
}
