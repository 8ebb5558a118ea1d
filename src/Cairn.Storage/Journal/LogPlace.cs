namespace Cairn.Storage;

/// <summary>A place in the log, packed because an index holds one per record.</summary>
internal readonly record struct LogPlace
{
    private const int OffsetBits = 40;
    private readonly long _packed;

    public LogPlace(uint segment, long offset) => _packed = ((long)segment << OffsetBits) | offset;

    public uint Segment => (uint)(_packed >> OffsetBits);

    public long Offset => _packed & ((1L << OffsetBits) - 1);

    public bool IsBefore(LogPlace other) => _packed < other._packed;
}
