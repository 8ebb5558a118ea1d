namespace Cairn.Tests.Integration.Sandbox.Backends;

/// <summary>What a command is given and gives back, with the backend "bubblewrap".</summary>
public sealed class BubblewrapSandboxCommandTests() : SandboxCommandTests("bubblewrap");
