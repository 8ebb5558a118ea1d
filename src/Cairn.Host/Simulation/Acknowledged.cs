using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>What the host said to be durable: it must be there for ever after.</summary>
internal sealed class Acknowledged : IRunObserver
{
    private readonly Dictionary<RunId, SortedDictionary<long, BlobHash>> _records = [];

    public void Recorded(JournalRecord record)
    {
        if (!_records.TryGetValue(record.Run, out var run))
        {
            _records[record.Run] = run = [];
        }

        run[record.Seq] = HashOf(record.Event);
    }

    public void ModelDelta(RunId run, ModelDelta delta)
    {
    }

    public void Output(RunId run, string text)
    {
    }

    /// <summary>What is missing or another one.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="going">Runs that may be missing as a whole.</param>
    public IEnumerable<string> Lost(IJournal journal, IReadOnlySet<RunId> going)
    {
        foreach (var (run, acknowledged) in _records)
        {
            var records = journal.Read(run);
            if (records.Count == 0 && going.Contains(run))
            {
                continue;
            }

            foreach (var (seq, hash) in acknowledged)
            {
                if (seq >= records.Count)
                {
                    yield return $"record {seq} of {run} was acknowledged and is lost";
                    break;
                }

                if (HashOf(records[(int)seq].Event) != hash)
                {
                    yield return $"record {seq} of {run} is {records[(int)seq].Event.GetType().Name}, another one was acknowledged";
                    break;
                }
            }
        }
    }

    private static BlobHash HashOf(RunEvent e) => BlobHash.Of(CairnJson.Bytes(e, CairnJson.Default.RunEvent));
}
