using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Memory.Indexing;

/// <summary>
/// What files were found to say, kept by path and hash, so that only what changed is read again after a restart. All of it
/// can be found out anew: a cache that a crash or the disk damaged is emptied.
/// </summary>
public sealed class FactCache : IDisposable
{
    private const long WorthReplacing = 8 << 20;

    private readonly Dictionary<string, FileFacts> _facts = new(StringComparer.Ordinal);
    private readonly RecordLog _log;
    private long _compactAt;

    private FactCache(IDisk disk, string path)
    {
        _log = RecordLog.Open(disk, path, Take);
        WasDamaged = _log.DamagedAt is not null || _unreadable;
        if (WasDamaged)
        {
            _facts.Clear();
            _log.Replace([]);
        }

        _compactAt = Math.Max(WorthReplacing, _log.Length * 2);
    }

    private IDisposable? _held;
    private bool _unreadable;

    /// <summary>It was found damaged when it was opened, and was emptied.</summary>
    public bool WasDamaged { get; }

    /// <summary>Opens a cache; it is made when there is none.</summary>
    public static FactCache Open(IDisk disk, string path) => new(disk, path);

    /// <summary>Opens a cache for as long as nobody else does; null when somebody has it.</summary>
    public static FactCache? TryOpen(IDisk disk, string path, string lockPath)
    {
        ArgumentNullException.ThrowIfNull(disk);
        return disk.TryLock(lockPath) is { } held ? new(disk, path) { _held = held } : null;
    }

    /// <summary>What a file of this path and hash says; null when that is not known.</summary>
    public FileFacts? Find(string path, BlobHash hash) => _facts.TryGetValue(path, out var facts) && facts.Hash == hash ? facts : null;

    /// <summary>Keeps what files say.</summary>
    public void Add(IReadOnlyCollection<FileFacts> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        if (facts.Count == 0)
        {
            return;
        }

        foreach (var each in facts)
        {
            _facts[each.Path] = each;
        }

        _log.Append(facts.Select(Bytes));
        if (_log.Length > _compactAt)
        {
            _log.Replace(_facts.Values.Select(Bytes));
            _compactAt = Math.Max(WorthReplacing, _log.Length * 2);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _log.Dispose();
        _held?.Dispose();
    }

    private static ReadOnlyMemory<byte> Bytes(FileFacts facts) => JsonSerializer.SerializeToUtf8Bytes(new CachedFacts(FileFacts.Form, facts), MemoryJson.Default.CachedFacts);

    private void Take(ReadOnlyMemory<byte> record)
    {
        try
        {
            if (JsonSerializer.Deserialize(record.Span, MemoryJson.Default.CachedFacts) is { Form: FileFacts.Form, Facts: { } facts })
            {
                _facts[facts.Path] = facts;
            }
        }
        catch (JsonException)
        {
            _unreadable = true;
        }
    }
}

/// <summary>Facts with the form that they were found in.</summary>
internal sealed record CachedFacts(int Form, FileFacts Facts);
