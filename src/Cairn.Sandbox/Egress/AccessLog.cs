using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>What was asked of the network since somebody last looked; equal requests are counted together.</summary>
internal sealed class AccessLog
{
    /// <summary>The most different requests that are told apart; the rest are counted as one.</summary>
    public const int MaxEntries = 64;

    private readonly Dictionary<(string Host, int Port, string Method, string Verdict), (int Count, long Sent, long Received)> _entries = [];
    private readonly List<(string Host, int Port, string Method, string Verdict)> _order = [];
    private readonly Lock _gate = new();

    public void Add(string host, int port, string method, string verdict, long sent, long received)
    {
        lock (_gate)
        {
            var key = (host, port, method, verdict);
            if (!_entries.ContainsKey(key))
            {
                key = _entries.Count < MaxEntries ? key : ("…", 0, "…", verdict == NetworkAccess.Allowed ? verdict : "refused");
                if (_entries.TryAdd(key, default))
                {
                    _order.Add(key);
                }
            }

            var (count, before, after) = _entries[key];
            _entries[key] = (count + 1, before + sent, after + received);
        }
    }

    public ImmutableArray<NetworkAccess> Take()
    {
        lock (_gate)
        {
            ImmutableArray<NetworkAccess> taken =
                [.. _order.Select(k => new NetworkAccess(k.Host, k.Port, k.Method, k.Verdict, _entries[k].Count, _entries[k].Sent, _entries[k].Received))];
            _entries.Clear();
            _order.Clear();
            return taken;
        }
    }
}
