namespace Cairn.Sandbox.Watching;

/// <summary>A directory that is watched, or will be once it exists, because watched files lie in it or below it.</summary>
internal sealed class WatchedDirectory(string path)
{
    /// <summary>The watch's number while there is none.</summary>
    public const int NotWatched = -1;

    public string Path { get; } = path;

    /// <summary>The kernel's number for the watch.</summary>
    public int Watch { get; set; } = NotWatched;

    /// <summary>The files in it, by name, each with whom it is watched for and as what.</summary>
    public Dictionary<string, WatchedName> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>The directories in it that matter, by name.</summary>
    public Dictionary<string, WatchedDirectory> Children { get; } = new(StringComparer.Ordinal);
}

/// <summary>A name in a directory that somebody watches.</summary>
internal sealed class WatchedName
{
    /// <summary>There was something when it was last looked at.</summary>
    public bool Exists { get; set; }

    /// <summary>Whom it is watched for, and the place as they named it.</summary>
    public List<(WatchedFiles Owner, Abstractions.WatchedPlace Place)> For { get; } = [];
}
