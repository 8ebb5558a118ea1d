namespace Cairn.Storage;

/// <summary>What a record of the log holds.</summary>
internal enum RecordKind : byte
{
    Event = 1,
    Blob = 2,
}
