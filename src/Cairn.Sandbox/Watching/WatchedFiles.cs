using Cairn.Abstractions;

namespace Cairn.Sandbox.Watching;

/// <summary>What is watched for one owner, and the news that it has not taken yet.</summary>
internal sealed class WatchedFiles(FileWatch watch, Action changed) : IWatchedFiles
{
    private readonly HashSet<WatchedPlace> _news = [];
    private bool _all;

    public HashSet<WatchedPlace> Places { get; } = [];

    public bool Add(WatchedPlace place) => watch.Add(this, place);

    public WatchNews Take()
    {
        lock (_news)
        {
            if (_news.Count == 0 && !_all)
            {
                return WatchNews.None;
            }

            var news = new WatchNews(_all, [.. _news]);
            _news.Clear();
            _all = false;
            return news;
        }
    }

    public void Dispose() => watch.Remove(this);

    /// <summary>Notes that something changed; null for anything. The owner is told apart from it, when no lock is held.</summary>
    public void Note(WatchedPlace? place)
    {
        lock (_news)
        {
            if (place is { } known)
            {
                _news.Add(known);
            }
            else
            {
                _all = true;
            }
        }
    }

    public void Tell() => changed();
}
