namespace Cairn.Tests.Integration.Sandbox.Backends;

/// <summary>Which processes of a command are on record, with the backend "box".</summary>
public sealed class BoxProcessEffectsTests() : ProcessEffectsTests("box");
