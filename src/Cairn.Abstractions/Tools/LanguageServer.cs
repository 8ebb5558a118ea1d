using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>A program that speaks the Language Server Protocol over its standard input and output. It runs in the sandbox, without network.</summary>
/// <param name="Name">Its name for people: pyright, clangd.</param>
/// <param name="Files">The files that it is asked about: the end of their names (".py") and what the protocol calls their language.</param>
/// <param name="Command">Program and arguments.</param>
public sealed record LanguageServer(string Name, ImmutableSortedDictionary<string, string> Files, ImmutableArray<string> Command)
{
    /// <summary>Variables; no secrets, since the server is not trusted.</summary>
    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Directories that it sees read-only at the same path.</summary>
    public ImmutableArray<string> Mounts { get; init; } = [];

    /// <summary>JSON of its own options, sent when it starts; null for none.</summary>
    public string? Options { get; init; }

    /// <summary>The most seconds of one request.</summary>
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>The most memory of all its processes together, in MiB.</summary>
    public int MemoryMb { get; init; } = 2048;

    /// <summary>The seconds without a question after which it is stopped.</summary>
    public int IdleSeconds { get; init; } = 300;

    /// <summary>
    /// It works file by file, as C compilers do: what a file includes is read from the disk, and of other files it knows what it was shown. So it is
    /// started anew when a header changed, and shown the files that mention a name before it is asked where the name is used.
    /// </summary>
    public bool PerFile { get; init; }
}
