using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Hard stops: what is set aside before a model call, and when a run must end.</summary>
internal static class Budget
{
    /// <summary>An answer cut shorter than this helps nobody: the run ends instead.</summary>
    private const int LeastOutput = 256;

    /// <summary>The limit that forbids another step; null when none does.</summary>
    public static string? Exhausted(RunState state)
    {
        var limits = state.Spec.Limits;
        if (state.Spending.Steps >= limits.Steps)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the limit of {limits.Steps} steps is reached");
        }

        return state.ErrorsInARow >= limits.ErrorsInARow
            ? string.Create(CultureInfo.InvariantCulture, $"{state.ErrorsInARow} tool calls in a row failed")
            : null;
    }

    /// <summary>
    /// Sets tokens and money aside for a prompt and an answer; shortens the answer when only a part of it is left.
    /// </summary>
    /// <returns>The answer's limit and the reservation; or null and the limit that forbids the call.</returns>
    public static (int Output, Reservation Reserve, string? Refusal) Reserve(RunState state, int promptTokens)
    {
        var model = state.Model!;
        var output = Room.OutputReserve(model);
        var voters = model.Voters ?? 1;
        var spent = state.Spending;
        if (state.Spec.Limits.Tokens is { } tokens)
        {
            var left = ((tokens - spent.Usage.Total) / voters) - promptTokens;
            if (left < LeastOutput)
            {
                return (0, default, string.Create(CultureInfo.InvariantCulture,
                    $"the next call needs about {voters * (promptTokens + LeastOutput)} tokens, and {Math.Max(0, tokens - spent.Usage.Total)} of {tokens} are left"));
            }

            output = (int)Math.Min(output, left);
        }

        var usd = Price(model, promptTokens, output);
        if (state.Spec.Limits.Usd is { } dollars)
        {
            var left = ((dollars - spent.Usd) / voters) - Price(model, promptTokens, 0);
            var perToken = (model.OutputPrice ?? 0) / 1_000_000m;
            if (left < perToken * LeastOutput)
            {
                return (0, default, string.Create(CultureInfo.InvariantCulture,
                    $"the next call may cost more than the {Math.Max(0, dollars - spent.Usd):0.####} of {dollars:0.####} USD that are left"));
            }

            output = perToken == 0 ? output : (int)Math.Min(output, decimal.Floor(left / perToken));
            usd = Price(model, promptTokens, output);
        }

        return (output, new((long)voters * (promptTokens + output), voters * usd), null);
    }

    /// <summary>The line that tells the agent what is left; "" when nothing is limited but steps far away.</summary>
    public static string Footer(RunState state)
    {
        var limits = state.Spec.Limits;
        var parts = new List<string>();
        if (limits.Tokens is { } tokens)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{tokens - state.Spending.Usage.Total} of {tokens} tokens"));
        }

        if (limits.Usd is { } usd)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{usd - state.Spending.Usd:0.####} of {usd:0.####} USD"));
        }

        var steps = limits.Steps - state.Spending.Steps;
        if (parts.Count > 0 || steps <= 10)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{steps} of {limits.Steps} steps"));
        }

        return parts.Count == 0 ? "" : $"[left: {string.Join(", ", parts)}]";
    }

    private static decimal Price(ModelBinding model, long input, long output) =>
        ((input * (model.InputPrice ?? 0)) + (output * (model.OutputPrice ?? 0))) / 1_000_000m;
}
