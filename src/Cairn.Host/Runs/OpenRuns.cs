using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>Tells by a run's last records whether anything is left to be done, so that nobody folds the journals of all runs that are over.</summary>
internal static class OpenRuns
{
    /// <summary>Enough for the end of a run and a merge behind it.</summary>
    private const int Looked = 4;

    /// <summary>True when the run certainly is over; false when only its state can tell.</summary>
    public static bool IsOver(IJournal journal, RunHead head)
    {
        var last = journal.Read(head.Run, Math.Max(0, head.Count - Looked));
        for (var i = last.Count - 1; i >= 0; i--)
        {
            switch (last[i].Event)
            {
                case RunEnded:
                    return true;
                case MergeStarted or MergeFinished or ConflictsResolved or RunRecovered:
                    // May stand before the end or behind it.
                    break;
                default:
                    return false;
            }
        }

        return false;
    }
}
