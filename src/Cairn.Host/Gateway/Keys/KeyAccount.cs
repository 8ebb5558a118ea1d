using System.Globalization;

namespace Cairn.Host;

/// <summary>
/// What a key has spent and set aside, and what it asked for in the last minute. What a call may take at most is set aside before
/// it is made, so that requests side by side cannot overspend together.
/// </summary>
internal sealed class KeyAccount(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private readonly Queue<(long Stamp, long Tokens)> _recent = new();
    private long _recentTokens;
    private long _reserved;
    private decimal _reservedUsd;

    public long Requests { get; private set; }

    public long Tokens { get; private set; }

    public decimal Usd { get; private set; }

    /// <summary>Sets an amount aside.</summary>
    /// <returns>Null when it is set aside; else the refusal: whether it passes by itself, and why.</returns>
    public (TimeSpan? Wait, string Reason)? TryReserve(GatewayKey key, long tokens, decimal usd)
    {
        lock (_gate)
        {
            Forget();
            if (key.RequestsPerMinute is { } requests && _recent.Count >= requests)
            {
                return (Next(), string.Create(CultureInfo.InvariantCulture, $"Key {key.Id} may make {requests} requests in a minute."));
            }

            if (key.TokensPerMinute is { } rate && _recentTokens + tokens > rate && _recentTokens > 0)
            {
                return (Next(), string.Create(CultureInfo.InvariantCulture, $"Key {key.Id} may take {rate} tokens in a minute; {_recentTokens} are taken or set aside, and this request may need {tokens}."));
            }

            if (key.BudgetTokens is { } most && Tokens + _reserved + tokens > most)
            {
                return (null, string.Create(CultureInfo.InvariantCulture, $"Key {key.Id} may use {most} tokens; {Tokens} are spent, {_reserved} set aside, and this request may need {tokens}."));
            }

            if (key.BudgetUsd is { } dollars && Usd + _reservedUsd + usd > dollars)
            {
                return (null, string.Create(CultureInfo.InvariantCulture, $"Key {key.Id} may cost {dollars:0.####} USD; {Usd:0.####} are spent, {_reservedUsd:0.####} set aside, and this request may need {usd:0.####}."));
            }

            _reserved += tokens;
            _reservedUsd += usd;
            if (key.RequestsPerMinute is not null || key.TokensPerMinute is not null)
            {
                // No more than the rate lets through in a minute.
                _recent.Enqueue((time.GetTimestamp(), tokens));
                _recentTokens += tokens;
            }

            return null;
        }
    }

    /// <summary>Replaces what was set aside by what was spent.</summary>
    public void Settle(long reserved, decimal reservedUsd, long tokens, decimal usd)
    {
        lock (_gate)
        {
            _reserved -= reserved;
            _reservedUsd -= reservedUsd;
            Requests++;
            Tokens += tokens;
            Usd += usd;
        }
    }

    /// <summary>What calls of earlier processes took.</summary>
    public void Add(KeySum sum)
    {
        lock (_gate)
        {
            Requests += sum.Requests;
            Tokens += sum.Tokens;
            Usd += sum.Usd;
        }
    }

    private void Forget()
    {
        while (_recent.TryPeek(out var first) && time.GetElapsedTime(first.Stamp) >= Window)
        {
            _recentTokens -= _recent.Dequeue().Tokens;
        }
    }

    private TimeSpan Next() => _recent.TryPeek(out var first) ? Window - time.GetElapsedTime(first.Stamp) : TimeSpan.FromSeconds(1);
}
