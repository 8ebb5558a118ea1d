using System.Text.Json;

namespace Cairn.Storage;

/// <summary>What a writer's and a reader's journal have in common: looking things up in an index and reading them.</summary>
internal static class JournalView
{
    public static IReadOnlyList<JournalRecord> Read(LogIndex index, object gate, LogReader reader, RunId run, long fromSeq, string root)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fromSeq);
        var records = new List<JournalRecord>();
        ReadRaw(index, gate, reader, run, fromSeq, (record, place) =>
            records.Add(new(run, record.Seq, LogTime.From(record.Time), Parse(record, place, run, root), record.Chain)));
        return records;
    }

    public static void ReadRaw(LogIndex index, object gate, LogReader reader, RunId run, long fromSeq, LogReader.Taker take, int most = int.MaxValue)
    {
        // Before the index' gate: a collection must not move the records between the look-up and the reading.
        lock (reader.Gate)
        {
            ReadWhileNothingMoves(index, gate, reader, run, fromSeq, take, most);
        }
    }

    private static void ReadWhileNothingMoves(
        LogIndex index, object gate, LogReader reader, RunId run, long fromSeq, LogReader.Taker take, int most)
    {
        RunState? state;
        IReadOnlyList<LogPlace> places;
        LogPlace? previous;
        lock (gate)
        {
            state = run.Value.Length == 0 ? null : index.Find(RecordView.KeyOf(run));
            if (state is null || fromSeq >= state.Places.Count)
            {
                return;
            }

            places = state.Places.GetRange((int)fromSeq, Math.Min(most, state.Places.Count - (int)fromSeq));
            previous = fromSeq == 0 ? null : state.Places[(int)fromSeq - 1];
        }

        reader.ReadEvents(state, places, fromSeq, previous, take);
    }

    public static RunHead[] Heads(LogIndex index, object gate)
    {
        lock (gate)
        {
            return [.. index.Runs.Select(run => run.Head())];
        }
    }

    private static RunEvent Parse(RecordView record, LogPlace place, RunId run, string root)
    {
        try
        {
            return JsonSerializer.Deserialize(record.Payload, CairnJson.Default.RunEvent) ?? throw new JsonException("it is null.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InvalidDataException(
                new LogDamage(place.Segment, place.Offset, run.Value, record.Seq, $"the event cannot be read by this Cairn ({e.Message})").ToException(root).Message, e);
        }
    }
}
