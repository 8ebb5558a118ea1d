namespace Cairn.Storage;

/// <summary>Builds the index while a log is scanned, and refuses records that are out of place in their run.</summary>
internal sealed class IndexBuilder(LogIndex index) : ILogVisitor
{
    public string? Visit(uint segment, long offset, RecordView record)
    {
        if (record.Kind == RecordKind.Blob)
        {
            index.AddBlob(record.Chain, new(segment, offset));
            return null;
        }

        if (record.Kind != RecordKind.Event)
        {
            return $"the record has the unknown kind {(int)record.Kind}.";
        }

        if (index.IsDropped(record.RunKey))
        {
            index.AddRemnant(segment);
            return null;
        }

        var run = index.Find(record.RunKey);
        if (run is null)
        {
            if (RecordView.RunText(record.RunKey) is not { } text)
            {
                return "the record names no run.";
            }

            run = index.FindOrAdd(RunId.Parse(text), record.RunKey);
        }

        if (record.Seq != run.Places.Count)
        {
            return $"the record is out of order: the run has {run.Places.Count} records before it.";
        }

        index.AddEvent(run, new(segment, offset), record.Time, record.Chain);
        run.ResetTail();
        return null;
    }
}
