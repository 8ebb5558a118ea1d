using Cairn.Abstractions;
using Cairn.Memory.Indexing;
using Cairn.Storage;

namespace Cairn.Host;

/// <summary>The models of the repositories that runs work on, each made when it is first asked for. Any number of threads.</summary>
/// <param name="layers">Opens repositories.</param>
/// <param name="stateDirectory">Where what is known of files is kept.</param>
/// <param name="time">The clock.</param>
internal sealed class CodeModels(ILayerStore layers, string stateDirectory, TimeProvider time) : IDisposable
{
    /// <summary>The most repositories at once; who comes when all are in use has no model.</summary>
    private const int MaxRepositories = 16;

    private readonly Dictionary<string, LiveRepository> _repositories = new(StringComparer.Ordinal);
    private bool _closed;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>The model of a repository; its building has begun. Null when there are too many.</summary>
    public LiveRepository? Find(string repository)
    {
        lock (_repositories)
        {
            if (_closed || (!_repositories.ContainsKey(repository) && _repositories.Count >= MaxRepositories))
            {
                return null;
            }

            if (!_repositories.TryGetValue(repository, out var live))
            {
                _repositories[repository] = live = new(layers, repository, () => Cache(repository));
            }

            _ = live.Building;
            return live;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        List<LiveRepository> all;
        lock (_repositories)
        {
            _closed = true;
            all = [.. _repositories.Values];
            _repositories.Clear();
        }

        foreach (var repository in all)
        {
            repository.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private FactCache? Cache(string repository)
    {
        var disk = new PosixDisk();
        var folder = Path.Combine(stateDirectory, "code", BlobHash.OfText(repository).Short);
        disk.CreateDirectory(folder);

        // Not beside another writer: two would spoil it.
        return FactCache.TryOpen(disk, Path.Combine(folder, "facts.log"), Path.Combine(folder, "lock"));
    }
}
