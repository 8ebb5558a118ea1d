namespace Cairn.Tests.Integration.Sandbox.Backends;

/// <summary>The system call filter, with the backend "bubblewrap".</summary>
public sealed class BubblewrapSeccompTests() : SeccompTests("bubblewrap");
