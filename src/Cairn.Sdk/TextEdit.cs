namespace Cairn.Sdk;

/// <summary>A replacement inside of a file.</summary>
/// <param name="Old">The exact text to replace; not empty.</param>
/// <param name="New">The text in its place.</param>
/// <param name="ReplaceAll">Replace every occurrence; else it must occur exactly once.</param>
public sealed record TextEdit(string Old, string New, bool ReplaceAll = false);
