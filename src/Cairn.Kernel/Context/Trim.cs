namespace Cairn.Kernel;

/// <summary>What prompts leave out of a run's history.</summary>
/// <param name="Elided">The tool results of the first so many entries are replaced by one line each.</param>
/// <param name="Dropped">The first so many entries are replaced by one line for all of them.</param>
public readonly record struct Trim(int Elided, int Dropped);
