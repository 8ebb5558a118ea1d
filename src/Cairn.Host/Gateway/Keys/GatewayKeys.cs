using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Cairn.Host;

/// <summary>The keys of a running gateway with their accounts.</summary>
internal sealed class GatewayKeys : IDisposable
{
    private readonly KeyFile _file;
    private readonly TimeProvider _time;
    private readonly CallLog _log;
    private readonly ConcurrentDictionary<string, KeyAccount> _accounts = new();
    private readonly Lock _loading = new();
    private FrozenDictionary<string, GatewayKey> _keys = FrozenDictionary<string, GatewayKey>.Empty;
    private (DateTime Written, long Length) _stamp;

    public GatewayKeys(string stateDirectory, TimeProvider time, Action? flushBodies = null)
    {
        (_file, _time) = (new(stateDirectory, time), time);
        _log = new(stateDirectory, time, (key, sum) => AccountOf(key).Add(sum)) { FlushBodies = flushBodies };
        Reload(_file.Stamp);
    }

    /// <summary>The key of a secret; null when there is none, or it is no longer good.</summary>
    public GatewayKey? Find(string secret)
    {
        // One look at the file's time costs about a microsecond, and a revoked key is dead at once.
        if (_file.Stamp is var stamp && stamp != _stamp)
        {
            Reload(stamp);
        }

        // Found by its hash: how long that takes says nothing about any secret.
        return _keys.TryGetValue(KeyFile.HashOf(secret), out var key) && key.IsGood(_time.GetUtcNow()) ? key : null;
    }

    public KeyAccount AccountOf(string key) => _accounts.GetOrAdd(key, _ => new(_time));

    public void Record(CallRecord call) => _log.Append(call);

    public void Dispose() => _log.Dispose();

    private void Reload((DateTime Written, long Length) stamp)
    {
        lock (_loading)
        {
            try
            {
                _keys = _file.Load().ToFrozenDictionary(k => k.Hash, StringComparer.Ordinal);
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                _keys = FrozenDictionary<string, GatewayKey>.Empty; // Fail closed until it is mended.
            }

            _stamp = stamp;
        }
    }
}
