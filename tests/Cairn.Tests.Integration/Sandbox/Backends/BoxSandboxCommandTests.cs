namespace Cairn.Tests.Integration.Sandbox.Backends;

/// <summary>What a command is given and gives back, with the backend "box".</summary>
public sealed class BoxSandboxCommandTests() : SandboxCommandTests("box");
