namespace Cairn.Storage;

/// <summary>Merges the runs' records back into the order of the log.</summary>
internal static class LogOrder
{
    public static IReadOnlyList<LoggedRecord> Read(LogIndex index, object gate, LogReader reader, long after, int most, string root)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        var found = new List<LoggedRecord>();
        foreach (var part in Parts(index, gate, after, most))
        {
            reader.ReadEvents(part.Run, part.Places, part.From, part.Previous, (record, place) =>
                found.Add(new(place.Packed, new(
                    part.Run.Run, record.Seq, LogTime.From(record.Time), JournalView.Parse(record, place, part.Run.Run, root), record.Chain))));
        }

        found.Sort((a, b) => a.Position.CompareTo(b.Position));
        return found;
    }

    private static List<Part> Parts(LogIndex index, object gate, long after, int most)
    {
        lock (gate)
        {
            var next = new PriorityQueue<Part, long>();
            foreach (var run in index.Runs)
            {
                if (run.Places[^1].Packed > after)
                {
                    var from = First(run.Places, after);
                    next.Enqueue(new(run, from, from == 0 ? null : run.Places[from - 1]), run.Places[from].Packed);
                }
            }

            var parts = new List<Part>();
            for (var taken = 0; taken < most && next.TryDequeue(out var part, out _); taken++)
            {
                if (part.Places.Count == 0)
                {
                    parts.Add(part);
                }

                part.Places.Add(part.Run.Places[part.From + part.Places.Count]);
                if (part.From + part.Places.Count < part.Run.Places.Count)
                {
                    next.Enqueue(part, part.Run.Places[part.From + part.Places.Count].Packed);
                }
            }

            return parts;
        }
    }

    /// <summary>A run's first record behind a position; there is one.</summary>
    private static int First(List<LogPlace> places, long after)
    {
        var (low, high) = (0, places.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = places[middle].Packed > after ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private sealed record Part(RunState Run, int From, LogPlace? Previous)
    {
        public List<LogPlace> Places { get; } = [];
    }
}
