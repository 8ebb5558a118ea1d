namespace Cairn.Tests.Integration.Sandbox.Backends;

/// <summary>The system call filter, with the backend "box".</summary>
public sealed class BoxSeccompTests() : SeccompTests("box");
