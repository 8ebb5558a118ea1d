using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Keeps the prompt within the model's window: leaves out the oldest tool results first, and whole old turns when that
/// is not enough. When it must, it leaves out enough to reach <see cref="LowWater"/> at once: the prompt's prefix then stays the same for many steps and
/// providers' prompt caches keep hitting.
/// </summary>
internal static class ContextFit
{
    /// <summary>The share of the budget that is left filled after results were left out.</summary>
    private const double LowWater = 0.6;

    /// <summary>The newest entries are never touched.</summary>
    private const int KeepWhole = 4;

    /// <summary>The tokens that history may take: the window without reserves for system, tools, task and output.</summary>
    public static int HistoryBudget(RunState state)
    {
        var model = state.Model!;
        return model.ContextTokens - OutputReserve(model) - FixedTokens(state.Spec);
    }

    /// <summary>Tokens set aside for the answer.</summary>
    public static int OutputReserve(ModelBinding model) => Math.Min(model.MaxOutputTokens, model.ContextTokens / 4);

    /// <summary>Upper bound of what every prompt of the run contains.</summary>
    public static int FixedTokens(RunStarted spec)
    {
        const int footerAndFrame = 200;
        var sum = spec.Task.Tokens + (spec.Agent.Prompt?.Tokens ?? 0) + spec.Agent.ToolTokens + footerAndFrame;
        foreach (var rule in spec.Rules)
        {
            sum += rule.Tokens + TokenEstimate.MessageOverhead + TokenEstimate.UpperBound(rule.Source.Length);
        }

        return sum;
    }

    /// <summary>Upper bound of the history's tokens.</summary>
    public static int HistoryTokens(HashedList<HistoryEntry> history, Trim trim)
    {
        var sum = trim.Dropped > 0 ? TokenEstimate.ElidedResult : 0;
        for (var i = trim.Dropped; i < history.Count; i++)
        {
            sum += history[i].Tokens(i < trim.Elided);
        }

        return sum;
    }

    /// <summary>What must be left out now; never less than before.</summary>
    public static Trim Fit(RunState state)
    {
        var trim = state.Trim;
        if (state.Model is null)
        {
            return trim;
        }

        var budget = HistoryBudget(state);
        var tokens = HistoryTokens(state.History, trim);
        if (tokens <= budget)
        {
            return trim;
        }

        var last = Math.Max(trim.Elided, state.History.Count - KeepWhole);
        while (trim.Elided < last && tokens > budget * LowWater)
        {
            var entry = state.History[trim.Elided];
            tokens += entry.Tokens(elided: true) - entry.Tokens(elided: false);
            trim = trim with { Elided = trim.Elided + 1 };
        }

        while (trim.Dropped < last && tokens > budget * (trim.Dropped == state.Trim.Dropped ? 1 : LowWater))
        {
            tokens += (trim.Dropped == 0 ? TokenEstimate.ElidedResult : 0) - state.History[trim.Dropped].Tokens(elided: true);
            trim = trim with { Dropped = trim.Dropped + 1 };
        }

        return trim;
    }
}
