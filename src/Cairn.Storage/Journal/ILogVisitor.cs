namespace Cairn.Storage;

/// <summary>Receives what a scan finds, commit by commit, and only from commits that are whole.</summary>
internal interface ILogVisitor
{
    /// <summary>An intact record. An answer that is not null says what is wrong with its place in its run, and ends the scan.</summary>
    string? Visit(uint segment, long offset, RecordView record);
}
