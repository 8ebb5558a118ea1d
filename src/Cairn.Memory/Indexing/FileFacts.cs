using Cairn.Abstractions;

namespace Cairn.Memory.Indexing;

/// <summary>What one file says. It depends on the file's bytes and path only, so it is kept by their hash.</summary>
/// <param name="Path">Relative to the repository.</param>
/// <param name="Hash">The hash of the file's bytes.</param>
/// <param name="Language">csharp, python, sql, markdown, …; "" for what is not understood.</param>
/// <param name="Entities">What it defines.</param>
/// <param name="Mentions">What it refers to, by name.</param>
public sealed record FileFacts(string Path, BlobHash Hash, string Language, IReadOnlyList<Entity> Entities, IReadOnlyList<Mention> Mentions)
{
    /// <summary>Grows when the extractors change: facts of an older form are not used.</summary>
    public const int Form = 1;
}

/// <summary>Something that a file defines.</summary>
/// <param name="Kind">Its label in the graph: Function, Class, Table, Column, EnvVar, Doc, …</param>
/// <param name="Name">Its own name.</param>
/// <param name="Container">What it is in: the class of a method, the table of a column; "" for nothing.</param>
/// <param name="Line">Its first line, from 1.</param>
/// <param name="EndLine">Its last line.</param>
/// <param name="Text">Its signature, type or first words.</param>
public sealed record Entity(string Kind, string Name, string Container, int Line, int EndLine, string Text)
{
    /// <summary>Further properties of its node: type, nullable, default, status, …</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = EmptyProperties;

    private static readonly Dictionary<string, string> EmptyProperties = [];

    /// <summary>Its name with what it is in.</summary>
    public string FullName => Container.Length == 0 ? Name : $"{Container}.{Name}";
}

/// <summary>A reference by name. To what it leads is found when all files are known.</summary>
/// <param name="Type">The relationship: CALLS, IMPORTS, READS, WRITES, INHERITS, OWNED_BY, …</param>
/// <param name="From">The full name of the entity in the same file that refers; "" for the file itself.</param>
/// <param name="Target">The name that is referred to.</param>
/// <param name="Kinds">The kinds that it can be, divided by '|'; "" for any.</param>
/// <param name="Line">Where, from 1.</param>
public sealed record Mention(string Type, string From, string Target, string Kinds, int Line);
