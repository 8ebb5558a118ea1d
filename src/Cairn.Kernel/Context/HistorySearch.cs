using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Finds what an address names in a history, in time that grows with its logarithm: steps only grow along it.</summary>
public static class HistorySearch
{
    /// <summary>The call with that id, or with that address (STEP.CALL); null when there is none.</summary>
    public static TurnCall? Call(HashedList<HistoryEntry> history, string id)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(id);
        var dot = id.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && int.TryParse(id.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            ? Turn(history, step)?.Calls.FirstOrDefault(c => c.Id.Value == id || ContextAddress.Result(c.Id)["result:".Length..] == id)
            : null;
    }

    /// <summary>The turn of a step; null when there is none.</summary>
    public static Turn? Turn(HashedList<HistoryEntry> history, int step)
    {
        ArgumentNullException.ThrowIfNull(history);
        var (low, high) = (0, history.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var at = middle;
            while (at <= high && history[at].Turn is null)
            {
                at++;
            }

            if (at > high)
            {
                high = middle - 1;
            }
            else if (history[at].Turn!.Step == step)
            {
                return history[at].Turn;
            }
            else if (history[at].Turn!.Step < step)
            {
                low = at + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return null;
    }
}
