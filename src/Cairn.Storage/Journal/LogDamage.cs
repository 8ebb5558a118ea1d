namespace Cairn.Storage;

/// <summary>A place in the log that is not as it was written.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Offset">The place in it.</param>
/// <param name="Run">The run whose record it is; null when that cannot be told.</param>
/// <param name="Seq">The record; null when that cannot be told.</param>
/// <param name="Reason">What is wrong.</param>
/// <param name="Newer">It is no damage: a newer Cairn wrote it.</param>
internal sealed record LogDamage(uint Segment, long Offset, string? Run, long? Seq, string Reason, bool Newer = false)
{
    public string Place => $"segment {StateLayout.SegmentName(Segment)}, offset {Offset}" +
        (Run is null ? "" : $", run {Run}") + (Seq is null ? "" : $", seq {Seq}");

    public static LogDamage NewerFormat(uint segment, long offset, int format, int known = RecordView.CurrentFormat) => new(
        segment, offset, null, null,
        $"written by a newer Cairn (format {format}; this one reads up to {known}). Use that version, or export the journal with it.", Newer: true);

    public InvalidDataException ToException(string directory) => new(Newer
        ? $"The journal in {directory} was {Reason} ({Place})"
        : $"The journal in {directory} is damaged at {Place}: {Reason} Nothing was changed; `cairn journal verify` lists all findings.");
}
