using System.Collections.Concurrent;
using Cairn.Abstractions;

namespace Cairn.Memory.Grounding;

/// <summary>What was read from files, by their hash: the same file is the same in every state. Safe for any number of threads.</summary>
internal sealed class ParsedFiles
{
    private const int Most = 4_000;

    /// <summary>Larger files are data; nothing is known of what they define.</summary>
    public const int MaxChars = 400_000;

    private readonly ConcurrentDictionary<(BlobHash Hash, string Form), object?> _known = new();

    public static ParsedFiles Shared { get; } = new();

    public T? Get<T>(IGroundView view, string path, string form, Func<string, T> read)
        where T : class
    {
        var version = view.VersionOf(path);
        if (version.IsNone)
        {
            return null;
        }

        if (_known.TryGetValue((version, form), out var known))
        {
            return (T?)known;
        }

        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        var text = view.Text(path);
        var made = text is null || text.Length > MaxChars ? null : read(text);
        _known[(version, form)] = made;
        return made;
    }
}
