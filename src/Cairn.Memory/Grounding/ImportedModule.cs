namespace Cairn.Memory.Grounding;

/// <summary>An import.</summary>
/// <param name="Module">What is imported from, as written.</param>
/// <param name="Names">The names that are taken from it; none when it is taken whole.</param>
/// <param name="Line">Where.</param>
/// <param name="IsGuarded">It may fail without harm: it stands in a try or under a condition.</param>
internal sealed record ImportedModule(string Module, IReadOnlyList<string> Names, int Line, bool IsGuarded);

/// <summary>A use of a name.</summary>
internal readonly record struct NameUse(string Name, int Line);
