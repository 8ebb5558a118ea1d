namespace Cairn.Tests.Integration.Sandbox.Backends;

/// <summary>What a command cannot see or do, with the backend "box".</summary>
public sealed class BoxIsolationTests() : IsolationTests("box");
