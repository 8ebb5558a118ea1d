namespace Cairn.Tests.Integration.Sandbox.Backends;

/// <summary>Which processes of a command are on record, with the backend "bubblewrap".</summary>
public sealed class BubblewrapProcessEffectsTests() : ProcessEffectsTests("bubblewrap");
