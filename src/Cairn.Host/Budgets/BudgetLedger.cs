using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// What the runs of a tree may still spend together. A reservation counts at once in the run and in every run above it,
/// under one lock, so that children that race for the last tokens cannot overspend any of them. Nothing here is
/// durable: spent amounts come from the journals when a run is opened, and a reservation without a result is none.
/// </summary>
internal sealed class BudgetLedger
{
    private readonly Lock _gate = new();
    private readonly Dictionary<RunId, Account> _accounts = [];

    /// <summary>Opens a run's account, or adds to an open one what its past spent.</summary>
    /// <param name="run">The run.</param>
    /// <param name="parent">The run above it, whose account is open.</param>
    /// <param name="limits">Its limits.</param>
    /// <param name="usage">Tokens that it spent before, itself.</param>
    /// <param name="usd">Dollars that it spent before, itself.</param>
    public void Open(RunId run, RunId? parent, RunLimits limits, long usage, decimal usd)
    {
        lock (_gate)
        {
            if (_accounts.ContainsKey(run))
            {
                return;
            }

            var account = new Account(run, parent is { } p ? _accounts.GetValueOrDefault(p) : null, limits);
            _accounts.Add(run, account);
            account.Add(usage, usd);
        }
    }

    /// <summary>Sets an amount aside in a run and in all above it.</summary>
    /// <returns>Null when it is set aside; else the run whose limit forbids it, and why. Nothing is set aside then.</returns>
    public (RunId By, string Reason)? TryReserve(RunId run, long tokens, decimal usd)
    {
        lock (_gate)
        {
            for (var at = _accounts[run]; at is not null; at = at.Parent)
            {
                if (at.Refusal(tokens, usd) is { } reason)
                {
                    return (at.Run, reason);
                }
            }

            _accounts[run].Reserve(tokens, usd);
            return null;
        }
    }

    /// <summary>Replaces a reservation by what was really spent.</summary>
    public void Settle(RunId run, long reservedTokens, decimal reservedUsd, long tokens, decimal usd)
    {
        lock (_gate)
        {
            _accounts[run].Reserve(-reservedTokens, -reservedUsd);
            _accounts[run].Add(tokens, usd);
        }
    }

    /// <summary>Tokens that a run and all below it have spent and set aside.</summary>
    public (long Spent, long Reserved) Tokens(RunId run)
    {
        lock (_gate)
        {
            return (_accounts[run].Spent, _accounts[run].Reserved);
        }
    }

    /// <summary>Closes a root's account and all below it, once no run of the tree is driven any more.</summary>
    public void Close(RunId root)
    {
        lock (_gate)
        {
            foreach (var run in _accounts.Values.Where(a => a.Root.Run == root).Select(a => a.Run).ToList())
            {
                _accounts.Remove(run);
            }
        }
    }

    private sealed class Account(RunId run, Account? parent, RunLimits limits)
    {
        private decimal _usd;
        private decimal _reservedUsd;

        public RunId Run { get; } = run;

        public Account? Parent { get; } = parent;

        public Account Root => Parent?.Root ?? this;

        public long Spent { get; private set; }

        public long Reserved { get; private set; }

        public string? Refusal(long tokens, decimal usd)
        {
            if (limits.Tokens is { } most && Spent + Reserved + tokens > most)
            {
                return string.Create(CultureInfo.InvariantCulture,
                    $"run {Run} and those below it may use {most} tokens; {Spent} are spent, {Reserved} set aside, and {tokens} more are needed");
            }

            return limits.Usd is { } dollars && _usd + _reservedUsd + usd > dollars
                ? string.Create(CultureInfo.InvariantCulture,
                    $"run {Run} and those below it may cost {dollars:0.####} USD; {_usd:0.####} are spent, {_reservedUsd:0.####} set aside, and {usd:0.####} more may be needed")
                : null;
        }

        public void Reserve(long tokens, decimal usd)
        {
            for (var at = this; at is not null; at = at.Parent)
            {
                at.Reserved += tokens;
                at._reservedUsd += usd;
            }
        }

        public void Add(long tokens, decimal usd)
        {
            for (var at = this; at is not null; at = at.Parent)
            {
                at.Spent += tokens;
                at._usd += usd;
            }
        }
    }
}
