namespace Cairn.Tests.Integration.Sandbox.Backends;

/// <summary>What a command cannot see or do, with the backend "bubblewrap".</summary>
public sealed class BubblewrapIsolationTests() : IsolationTests("bubblewrap");
