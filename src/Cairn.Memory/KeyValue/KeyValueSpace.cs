using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Cairn.Memory.KeyValue;

/// <summary>One space of a <see cref="KeyValueStore"/>: its holder sees nothing else.</summary>
public sealed class KeyValueSpace
{
    /// <summary>The most changes that wait for a watcher.</summary>
    public const int MaxWaiting = 1024;

    private readonly KeyValueStore _store;
    private readonly string _name;

    internal KeyValueSpace(KeyValueStore store, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        (_store, _name) = (store, name);
    }

    /// <summary>What a key holds; null when it holds nothing, or its time is over.</summary>
    public KeyValueEntry? Get(string key) => _store.Get(_name, key);

    /// <summary>The entries whose keys begin alike, by key.</summary>
    public IReadOnlyList<KeyValueEntry> List(string prefix) => _store.List(_name, prefix);

    /// <summary>Stores a value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="expected">The version that must be there; 0 for none; null for whatever is there.</param>
    /// <param name="lives">How long it stays; null for ever.</param>
    /// <returns>Stored, with the new entry; or not, with what is there instead.</returns>
    public (bool Stored, KeyValueEntry? Entry) Put(string key, string value, long? expected, TimeSpan? lives)
    {
        ArgumentNullException.ThrowIfNull(value);
        return _store.Set(_name, key, value, expected, lives);
    }

    /// <summary>Removes a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">The version that must be there; null for whatever is there.</param>
    /// <returns>Removed; or not, with what is there instead.</returns>
    public (bool Removed, KeyValueEntry? Entry) Remove(string key, long? expected) => _store.Set(_name, key, null, expected, null);

    /// <summary>The changes from now on of keys that begin alike.</summary>
    /// <exception cref="InvalidOperationException">When more changes came than the watcher took: read anew.</exception>
    public IAsyncEnumerable<KeyValueChange> WatchAsync(string prefix, CancellationToken cancellationToken) =>
        Read(_store.Watch(_name, prefix, MaxWaiting), cancellationToken);

    private async IAsyncEnumerable<KeyValueChange> Read(Channel<KeyValueChange> changes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in changes.Reader.ReadAllAsync(cancellationToken))
            {
                yield return change;
            }
        }
        finally
        {
            _store.Unwatch(changes);
        }
    }
}
