namespace Cairn.Storage;

/// <summary>A record and its place among those of all runs.</summary>
/// <param name="Position">Grows along the log; it says nothing else.</param>
/// <param name="Record">The record.</param>
public sealed record LoggedRecord(long Position, JournalRecord Record);
