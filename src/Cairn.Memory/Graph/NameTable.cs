using System.Collections.Concurrent;

namespace Cairn.Memory.Graph;

/// <summary>Numbers for labels, relationship types and property names, shared by all versions of a graph. It only grows.</summary>
internal sealed class NameTable
{
    /// <summary>The most names of one graph: names come from schemas and extractors, not from data.</summary>
    public const int MaxNames = 1 << 16;

    private readonly ConcurrentDictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private volatile string[] _names = new string[16];
    private int _count;

    public string this[int id] => _names[id];

    /// <summary>The number of a name that is known; -1 for others.</summary>
    public int Find(string name) => _ids.TryGetValue(name, out var id) ? id : -1;

    /// <exception cref="InvalidOperationException">When there are too many names.</exception>
    public int Intern(string name)
    {
        if (_ids.TryGetValue(name, out var id))
        {
            return id;
        }

        lock (_gate)
        {
            if (_ids.TryGetValue(name, out id))
            {
                return id;
            }

            if (_count == MaxNames)
            {
                throw new InvalidOperationException($"A graph has at most {MaxNames} labels, types and property names.");
            }

            if (_count == _names.Length)
            {
                var larger = new string[_names.Length * 2];
                _names.CopyTo(larger, 0);
                _names = larger;
            }

            _names[_count] = name;
            _ids[name] = _count;
            return _count++;
        }
    }
}
