namespace Cairn.Evals.Judges;

/// <summary>A guess at how a repository runs its tests.</summary>
/// <param name="Command">A shell command.</param>
/// <param name="Reason">What in the repository says so, for people.</param>
public sealed record TestCommand(string Command, string Reason);
