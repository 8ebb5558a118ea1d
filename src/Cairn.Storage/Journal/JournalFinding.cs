namespace Cairn.Storage;

/// <summary>Something that is not as it was written.</summary>
/// <param name="Where">Segment and offset, or the file.</param>
/// <param name="Run">The run, where it can be told.</param>
/// <param name="Seq">The record, where it can be told.</param>
/// <param name="Message">What is wrong, for people.</param>
public sealed record JournalFinding(string Where, string? Run, long? Seq, string Message)
{
    /// <inheritdoc/>
    public override string ToString() =>
        Where + (Run is null ? "" : $", run {Run}") + (Seq is null ? "" : $", seq {Seq}") + ": " + Message;
}
