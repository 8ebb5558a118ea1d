using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>A place of a file that is watched.</summary>
/// <param name="Root">An absolute directory; what lies above it is not watched.</param>
/// <param name="Path">The file below it, with '/' between the parts; it need not exist.</param>
public readonly record struct WatchedPlace(string Root, string Path);

/// <summary>What may have changed since it was last taken.</summary>
/// <param name="All">Events were lost: anything may have changed.</param>
/// <param name="Places">The places where something changed, each once.</param>
public sealed record WatchNews(bool All, ImmutableArray<WatchedPlace> Places)
{
    /// <summary>Nothing changed.</summary>
    public static WatchNews None { get; } = new(false, []);
}

/// <summary>
/// Tells soon when files change, whoever changes them. It gives hints, no facts: what it names may be as before, and writes
/// through a memory map may go unnoticed. Who must be sure compares.
/// </summary>
public interface IFileWatch
{
    /// <summary>A watch of its own, of nothing yet.</summary>
    /// <param name="changed">Called on the watcher's thread when there is news; returns at once and does not throw.</param>
    IWatchedFiles Open(Action changed);
}

/// <summary>Files that are watched for somebody.</summary>
public interface IWatchedFiles : IDisposable
{
    /// <summary>Watches one more place, for its coming and going as well.</summary>
    /// <returns>False when it cannot be watched (a limit, a link on the way): who needs to know compares.</returns>
    bool Add(WatchedPlace place);

    /// <summary>What came since the last call.</summary>
    WatchNews Take();
}
