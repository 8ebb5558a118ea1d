using System.Globalization;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Finds places in a run: a step, a checkpoint or a record.</summary>
public static class Positions
{
    /// <summary>
    /// How many events come before a place. A number is a step: the place just before it, where its prompt is due (or
    /// its syscall). c3 is a checkpoint, @17 a record: the place just after it. "end" is the end.
    /// </summary>
    /// <exception cref="UserException">When the run has no such place.</exception>
    public static long Find(IReadOnlyList<RunEvent> events, string place)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(place);
        if (place == "end")
        {
            return events.Count;
        }

        if (place.StartsWith('@') && long.TryParse(place.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var record))
        {
            return record >= 0 && record < events.Count
                ? record + 1
                : throw new UserException($"There is no record {place}: the run has @0 to @{events.Count - 1}.");
        }

        if (place.StartsWith('c'))
        {
            var checkpoints = Kernel.Kernel.Fold(events).Checkpoints;
            return checkpoints.FirstOrDefault(c => c.Id.Value == place)?.Position
                ?? throw new UserException($"There is no checkpoint {place}: the run has {checkpoints[0].Id} to {checkpoints[^1].Id}.");
        }

        return int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            ? Step(events, step)
            : throw new UserException($"'{place}' is no place in a run: give a step (7), a checkpoint (c3), a record (@17) or end.");
    }

    /// <summary>After a rollback steps are counted again: the last of that number is the one that still counts.</summary>
    private static long Step(IReadOnlyList<RunEvent> events, int step)
    {
        var state = RunState.New;
        long found = -1;
        for (var i = 0; i < events.Count; i++)
        {
            if ((events[i] is ModelCallStarted { Attempt: 1 } call && call.Step == step)
                || (events[i] is AgentCalled && state.Step + 1 == step))
            {
                found = i;
            }

            state = Kernel.Kernel.Apply(state, events[i]);
        }

        return found >= 0 ? found
            : step == state.Step + 1 ? events.Count
            : throw new UserException($"There is no step {step}: the run has steps 1 to {state.Step}.");
    }
}
