using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Keeps the prompt within the model's window by leaving out the oldest tool results. When it must, it leaves out
/// enough to reach <see cref="LowWater"/> at once: the prompt's prefix then stays the same for many steps and
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
    public static int HistoryTokens(HashedList<HistoryEntry> history, int elided)
    {
        var sum = 0;
        for (var i = 0; i < history.Count; i++)
        {
            sum += history[i].Tokens(i < elided);
        }

        return sum;
    }

    /// <summary>How many entries must be elided now; never fewer than before.</summary>
    public static int Elide(RunState state)
    {
        if (state.Model is null)
        {
            return state.Elided;
        }

        var budget = HistoryBudget(state);
        var tokens = HistoryTokens(state.History, state.Elided);
        if (tokens <= budget)
        {
            return state.Elided;
        }

        var elided = state.Elided;
        var last = Math.Max(elided, state.History.Count - KeepWhole);
        while (elided < last && tokens > budget * LowWater)
        {
            tokens += state.History[elided].Tokens(elided: true) - state.History[elided].Tokens(elided: false);
            elided++;
        }

        return elided;
    }
}
