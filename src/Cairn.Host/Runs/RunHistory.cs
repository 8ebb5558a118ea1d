using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>A run's records with its past before it: a fork begins with the records of the run that it left.</summary>
public static class RunHistory
{
    /// <summary>Forks of forks deeper than this are refused: the journal would have to be a loop.</summary>
    private const int MaxForkDepth = 256;

    /// <summary>The events that make the run's state, those of a fork's past first.</summary>
    /// <exception cref="InvalidDataException">When the run or its past is missing or is not the past that the fork names.</exception>
    public static IReadOnlyList<RunEvent> Events(IJournal journal, RunId run) =>
        [.. Read(journal, run, 0).Select(r => r.Event)];

    /// <summary>The run's state now.</summary>
    public static RunState State(IJournal journal, RunId run) => Fold(Records(journal, run));

    /// <summary>The state that records make.</summary>
    internal static RunState Fold(IReadOnlyList<JournalRecord> records) => Kernel.Kernel.Fold(records.Select(r => r.Event));

    /// <summary>The records of a run and of its past, in the order in which they count.</summary>
    public static IReadOnlyList<JournalRecord> Records(IJournal journal, RunId run) => Read(journal, run, 0);

    /// <summary>Where in a run's own journal a position of its whole history lies: the run and how many of its records.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="run">The run.</param>
    /// <param name="position">Events applied.</param>
    /// <returns>The run that wrote the event before the position, its records up to there and their chain value.</returns>
    public static (RunId Run, long Count, BlobHash Chain) Locate(IJournal journal, RunId run, long position) =>
        Locate(Records(journal, run), run, position);

    internal static (RunId Run, long Count, BlobHash Chain) Locate(IReadOnlyList<JournalRecord> records, RunId run, long position)
    {
        if (position < 1 || position > records.Count)
        {
            throw new InvalidDataException($"Run {run} has no position {position}: it has {records.Count} records.");
        }

        var last = records[(int)position - 1];
        return (last.Run, last.Seq + 1, last.Chain);
    }

    private static List<JournalRecord> Read(IJournal journal, RunId run, int depth)
    {
        if (depth > MaxForkDepth)
        {
            throw new InvalidDataException($"Run {run} has more than {MaxForkDepth} forks in its past.");
        }

        var own = journal.Read(run);
        if (own.Count == 0)
        {
            throw new InvalidDataException($"There is no run {run} in this state directory; `cairn runs` lists them.");
        }

        if (own[0].Event is not RunForked fork)
        {
            return [.. own];
        }

        var past = Read(journal, fork.Source, depth + 1);
        var end = past.FindIndex(r => r.Run == fork.Source && r.Seq == fork.SourceCount - 1);
        if (end < 0 || past[end].Chain != fork.SourceChain)
        {
            throw new InvalidDataException(
                $"Run {run} was forked from record {fork.SourceCount} of {fork.Source}, which is no longer what it was: the past was truncated or edited.");
        }

        return [.. past.Take(end + 1), .. own];
    }
}
