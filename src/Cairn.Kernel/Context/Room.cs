using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>How much room a prompt has: the model's window without the reserves for system, tools, task and answer.</summary>
public static class Room
{
    private const int FooterAndFrame = 320;

    /// <summary>Tokens set aside for the answer.</summary>
    public static int OutputReserve(ModelBinding model) => Math.Min(model.MaxOutputTokens, model.ContextTokens / 4);

    /// <summary>The most tokens, as our bound counts them, that a prompt may have.</summary>
    public static long Prompt(RunState state)
    {
        var model = state.Model!;
        var context = state.Context!;
        var most = (model.ContextTokens - OutputReserve(model)) * 1000L / context.Calibration;
        return Math.Min(most, context.Ceiling ?? long.MaxValue);
    }

    /// <summary>The tokens that the history may take.</summary>
    public static long Of(RunState state) => Prompt(state) - Fixed(state.Spec);

    /// <summary>Upper bound of what every prompt of the run contains.</summary>
    public static int Fixed(RunStarted spec)
    {
        var sum = spec.Task.Tokens + (spec.Agent.Prompt?.Tokens ?? 0) + spec.Agent.ToolTokens + FooterAndFrame;
        foreach (var rule in spec.Rules)
        {
            sum += rule.Tokens + Fence.Tokens + TokenEstimate.UpperBound(rule.Source.Length);
        }

        return sum;
    }
}
