using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>Places in the code, as a language server names them.</summary>
/// <param name="Places">By path, then line.</param>
/// <param name="Complete">Nothing was left out.</param>
public sealed record PlacesData(ImmutableArray<CodePlace> Places, bool Complete);

/// <summary>A place in the code.</summary>
/// <param name="Path">Relative to the workspace's root; absolute for what lies outside of it.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Kind">declaration, read, write, use, or the kind of symbol; "" when the server does not tell.</param>
/// <param name="Text">The line; empty for what lies outside.</param>
public sealed record CodePlace(string Path, int Line, int Column, string Kind, string Text)
{
    /// <summary>The symbol's name, where the place was asked for by something else.</summary>
    public string? Name { get; init; }
}

/// <summary>What a language server finds wrong.</summary>
/// <param name="Problems">By path, then line.</param>
/// <param name="Complete">Nothing was left out.</param>
public sealed record ProblemsData(ImmutableArray<CodeProblem> Problems, bool Complete);

/// <summary>One thing that a language server finds wrong.</summary>
/// <param name="Path">The file.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Severity">error, warning, information or hint.</param>
/// <param name="Code">The server's name for it; "" when it has none.</param>
/// <param name="Message">What it says.</param>
public sealed record CodeProblem(string Path, int Line, int Column, string Severity, string Code, string Message);

/// <summary>A change of several files that was carried out as one.</summary>
/// <param name="Files">What was written, sorted by path.</param>
/// <param name="Changes">How many places changed.</param>
public sealed record RenameData(ImmutableArray<WriteData> Files, int Changes);
