using System.Diagnostics;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// The layers that this process is making or made a short while ago, and the open layers that it uses: a collection
/// leaves them alone although no record names them yet. Thread safe.
/// </summary>
internal sealed class LayerBirths
{
    /// <summary>Births are forgotten when there are more than this and they are older than <see cref="Remembered"/>.</summary>
    private const int MaxRemembered = 4096;

    private static readonly TimeSpan Remembered = TimeSpan.FromHours(1);
    private readonly Dictionary<LayerId, long> _born = [];
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);

    /// <summary>Held while something is looked up here and removed if it is not here.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The layer is being made until the answer is disposed.</summary>
    public IDisposable Bear(LayerId id)
    {
        lock (Gate)
        {
            if (_born.Count >= MaxRemembered)
            {
                var before = Stopwatch.GetTimestamp() - (long)(Remembered.TotalSeconds * Stopwatch.Frequency);
                foreach (var old in _born.Where(birth => birth.Value < before).Select(birth => birth.Key).ToArray())
                {
                    _born.Remove(old);
                }
            }

            _born[id] = long.MaxValue;
        }

        return new Birth(this, id);
    }

    public void Open(string root)
    {
        lock (Gate)
        {
            _open[root] = _open.GetValueOrDefault(root) + 1;
        }
    }

    public void Close(string root)
    {
        lock (Gate)
        {
            if (_open[root]-- == 1)
            {
                _open.Remove(root);
            }
        }
    }

    public bool IsOpen(string root) => _open.ContainsKey(root);

    /// <summary>True when the layer was made at that time or later, or is being made.</summary>
    public bool IsYoung(LayerId id, long since) => _born.TryGetValue(id, out var time) && time >= since;

    private sealed class Birth(LayerBirths births, LayerId id) : IDisposable
    {
        public void Dispose()
        {
            lock (births.Gate)
            {
                births._born[id] = Stopwatch.GetTimestamp();
            }
        }
    }
}
