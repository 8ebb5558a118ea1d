using System.Text.Json;
using System.Threading.Channels;
using Cairn.Abstractions;

namespace Cairn.Memory.KeyValue;

/// <summary>A value that is stored.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">The value.</param>
/// <param name="Version">Counts up with every change of the store, so a version is never used twice.</param>
/// <param name="Expires">When it is gone; null for never.</param>
public sealed record KeyValueEntry(string Key, string Value, long Version, DateTimeOffset? Expires);

/// <summary>A change of a key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Entry">What is there now; null when it was removed.</param>
public sealed record KeyValueChange(string Key, KeyValueEntry? Entry);

/// <summary>
/// Values by key, in spaces that do not see each other: whoever holds a <see cref="KeyValueSpace"/> reads and writes that
/// space and no other. Durable when a call returns; any number of threads.
/// </summary>
public sealed class KeyValueStore : IDisposable
{
    /// <summary>The most characters of a key.</summary>
    public const int MaxKey = 1024;

    /// <summary>The most characters of a value.</summary>
    public const int MaxValue = 1 << 20;

    /// <summary>The most entries of one space.</summary>
    public const int MaxEntries = 100_000;

    private const long WorthReplacing = 1 << 20;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly RecordLog _log;
    private readonly Dictionary<string, SortedDictionary<string, KeyValueEntry>> _spaces = new(StringComparer.Ordinal);
    private readonly List<(string Space, string Prefix, ChannelWriter<KeyValueChange> Writer)> _watchers = [];
    private long _version;
    private long _compactAt;

    private KeyValueStore(IDisk disk, string path, TimeProvider time)
    {
        _time = time;
        _log = RecordLog.Open(disk, path, record => Apply(JsonSerializer.Deserialize(record.Span, MemoryJson.Default.KeyValueRecord)!));
        _compactAt = Math.Max(WorthReplacing, _log.Length * 2);
    }

    /// <summary>Opens a store; it is made when there is none.</summary>
    /// <exception cref="InvalidDataException">When the file was damaged: what was remembered behind the damage is not to be had.</exception>
    public static KeyValueStore Open(IDisk disk, string path, TimeProvider time)
    {
        var store = new KeyValueStore(disk, path, time);
        if (store._log.DamagedAt is { } at)
        {
            store.Dispose();
            throw new InvalidDataException($"{path} is damaged at byte {at}.");
        }

        return store;
    }

    /// <summary>A space of this store; it begins empty.</summary>
    /// <param name="name">Who may have it is for the caller to decide: the name of a run for its own, any other for shared ones.</param>
    public KeyValueSpace Space(string name) => new(this, name);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _log.Dispose();
            _watchers.ForEach(watcher => watcher.Writer.TryComplete());
            _watchers.Clear();
        }
    }

    internal KeyValueEntry? Get(string space, string key)
    {
        lock (_gate)
        {
            return _spaces.TryGetValue(space, out var entries) && entries.TryGetValue(key, out var entry) && IsLive(entry) ? entry : null;
        }
    }

    internal IReadOnlyList<KeyValueEntry> List(string space, string prefix)
    {
        lock (_gate)
        {
            return _spaces.TryGetValue(space, out var entries)
                ? [.. entries.Values.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal) && IsLive(entry))]
                : [];
        }
    }

    internal (bool Stored, KeyValueEntry? Entry) Set(string space, string key, string? value, long? expected, TimeSpan? lives)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (key.Length > MaxKey || value?.Length > MaxValue)
        {
            throw new ArgumentException($"A key has at most {MaxKey:N0} characters, a value {MaxValue:N0}.");
        }

        lock (_gate)
        {
            var current = Get(space, key);
            if (expected is { } version && (current?.Version ?? 0) != version)
            {
                return (false, current);
            }

            if (value is not null && current is null && _spaces.TryGetValue(space, out var entries) && entries.Count >= MaxEntries && !DropExpired(entries))
            {
                throw new InvalidOperationException($"A space holds at most {MaxEntries:N0} entries; remove some.");
            }

            var entry = value is null ? null : new KeyValueEntry(key, value, _version + 1, lives is { } time ? _time.GetUtcNow() + time : null);
            var record = new KeyValueRecord(space, key, _version + 1, entry);
            _log.Append([JsonSerializer.SerializeToUtf8Bytes(record, MemoryJson.Default.KeyValueRecord)]);
            Apply(record);
            Tell(space, new KeyValueChange(key, entry));
            if (_log.Length > _compactAt)
            {
                Compact();
            }

            return (true, entry);
        }
    }

    internal Channel<KeyValueChange> Watch(string space, string prefix, int waiting)
    {
        var channel = Channel.CreateBounded<KeyValueChange>(new BoundedChannelOptions(waiting) { SingleReader = true });
        lock (_gate)
        {
            _watchers.Add((space, prefix, channel.Writer));
        }

        return channel;
    }

    internal void Unwatch(Channel<KeyValueChange> channel)
    {
        lock (_gate)
        {
            _watchers.RemoveAll(watcher => ReferenceEquals(watcher.Writer, channel.Writer));
        }
    }

    private bool IsLive(KeyValueEntry entry) => entry.Expires is not { } end || end > _time.GetUtcNow();

    private bool DropExpired(SortedDictionary<string, KeyValueEntry> entries)
    {
        var gone = entries.Values.Where(entry => !IsLive(entry)).Select(entry => entry.Key).ToList();
        gone.ForEach(key => entries.Remove(key));
        return gone.Count > 0;
    }

    private void Apply(KeyValueRecord record)
    {
        _version = Math.Max(_version, record.Version);
        if (!_spaces.TryGetValue(record.Space, out var entries))
        {
            _spaces[record.Space] = entries = new(StringComparer.Ordinal);
        }

        if (record.Entry is null)
        {
            entries.Remove(record.Key);
        }
        else
        {
            entries[record.Key] = record.Entry;
        }
    }

    // A watcher that does not keep up is ended: it must read anew, and knows that it must.
    private void Tell(string space, KeyValueChange change)
    {
        foreach (var watcher in _watchers.Where(watcher => watcher.Space == space && change.Key.StartsWith(watcher.Prefix, StringComparison.Ordinal)).ToList())
        {
            if (!watcher.Writer.TryWrite(change))
            {
                watcher.Writer.TryComplete(new InvalidOperationException("More changes came than the watcher took."));
                _watchers.Remove(watcher);
            }
        }
    }

    private void Compact()
    {
        // The last version stays on the disk even when its key is gone, so that it is never given again.
        _log.Replace(
            _spaces.SelectMany(space => space.Value.Values.Where(IsLive).Select(entry => new KeyValueRecord(space.Key, entry.Key, entry.Version, entry)))
                .Append(new KeyValueRecord("", "version", _version, null))
                .Select(record => (ReadOnlyMemory<byte>)JsonSerializer.SerializeToUtf8Bytes(record, MemoryJson.Default.KeyValueRecord)));
        _compactAt = Math.Max(WorthReplacing, _log.Length * 2);
    }
}

/// <summary>A change as the log holds it.</summary>
internal sealed record KeyValueRecord(string Space, string Key, long Version, KeyValueEntry? Entry);
