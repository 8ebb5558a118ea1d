using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Chooses models: a pure function of the question, the candidates and the policy, so that a replay makes each choice
/// again. Filters first (availability, capabilities, window, cost, latency, quality), then weighs what is left.
/// </summary>
public static class Router
{
    /// <summary>Quality of a model that nobody judged, when others were: as if it were a little below the middle.</summary>
    private const double UnknownQuality = 0.4;

    /// <summary>The answer that a prediction counts with: answers are seldom as long as they may be.</summary>
    private const int TypicalOutput = 500;

    /// <summary>Calls that everybody starts with, all but one of them answered: one failure is no verdict.</summary>
    private const int PriorCalls = 5;

    /// <summary>Makes the choice.</summary>
    public static RouteDecision Decide(RoutePolicy policy, RouteQuestion question, ImmutableArray<RouteCandidate> candidates)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(question);
        var known = candidates.Select(c => new Rated(c, PredictUsd(c, question), PredictMs(c, question))).ToList();
        var excluded = new Dictionary<Rated, string>();
        foreach (var rated in known)
        {
            if (WhyNot(rated, question) is { } reason)
            {
                excluded[rated] = reason;
            }
        }

        var left = known.Where(r => !excluded.ContainsKey(r)).ToList();
        var best = left.Count == 0 ? 0 : left.Max(Quality);
        foreach (var rated in left.Where(r => Quality(r) < best - policy.Tolerance - 1e-9))
        {
            excluded[rated] = Text($"its quality {Quality(rated):0.##} lies more than {policy.Tolerance:0.##} below the best, {best:0.##}");
        }

        left.RemoveAll(excluded.ContainsKey);
        var scores = left.Select(r => Score(policy, r, left))
            .OrderByDescending(s => s.Score).ThenBy(s => s.Model, StringComparer.Ordinal)
            .Concat(excluded.OrderBy(e => e.Key.Candidate.Model, StringComparer.Ordinal)
                .Select(e => new RouteScore(e.Key.Candidate.Model, 0, e.Value) { PredictedUsd = e.Key.Usd, PredictedMs = e.Key.Ms }));
        return new(policy.Id, policy.Hash(), question, candidates, [.. scores]);
    }

    /// <summary>True when the decision is the one that the policy makes.</summary>
    public static bool Confirms(RoutePolicy policy, RouteDecision decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        var again = Decide(policy, decision.Question, decision.Candidates);
        return again.Policy == decision.Policy && again.PolicyHash == decision.PolicyHash && again.Scores.SequenceEqual(decision.Scores);
    }

    private static string? WhyNot(Rated rated, RouteQuestion question)
    {
        var (model, usd, ms) = rated;
        var missing = question.Needs.Where(n => !model.Capabilities.Contains(n)).ToList();
        return model.Unavailable is { } why ? why
            : missing.Count > 0 ? $"it lacks {string.Join(", ", missing)}"
            : (long)question.PromptTokens + question.OutputTokens > model.ContextTokens
                ? Text($"its window of {model.ContextTokens} tokens is too small for {question.PromptTokens} and an answer of {question.OutputTokens}")
            : question.MaxUsd is { } limit && usd is null ? "its price is unknown, and the call has a limit"
            : question.MaxUsd is { } most && usd > most ? Text($"it would cost ${usd:0.######}, the limit is ${most:0.######}")
            : question.MaxMs is { } slowest && ms > slowest ? Text($"it would take {ms:0} ms, the limit is {slowest:0} ms")
            : null;
    }

    private static RouteScore Score(RoutePolicy policy, Rated rated, List<Rated> left)
    {
        var parts = new RouteParts(
            Math.Round(Quality(rated), 6),
            Low(rated.Usd is { } usd ? (double)usd : null, left.Select(r => r.Usd is { } other ? (double)other : (double?)null)),
            Low(rated.Ms, left.Select(r => r.Ms)),
            Math.Round((rated.Candidate.Answered + PriorCalls - 1.0) / (rated.Candidate.Calls + PriorCalls), 6));
        var weights = policy.Quality + policy.Cost + policy.Speed + policy.Reliability;
        var sum = (policy.Quality * parts.Quality) + (policy.Cost * parts.Cost) + (policy.Speed * parts.Speed) + (policy.Reliability * parts.Reliability);
        return new(rated.Candidate.Model, Math.Round(sum / weights, 6), null) { PredictedUsd = rated.Usd, PredictedMs = rated.Ms, Parts = parts };
    }

    /// <summary>
    /// 1 for the lowest of the values, 0 for the highest, even when they span magnitudes: 1/x would let a tiny price beat
    /// everything. Nobody is known to be dear or slow before it was seen: the middle.
    /// </summary>
    private static double Low(double? value, IEnumerable<double?> all)
    {
        var known = all.OfType<double>().ToList();
        if (value is not { } own || known.Count < 2)
        {
            return 0.5;
        }

        var (low, high) = (Math.Log(known.Min() + 1e-9), Math.Log(known.Max() + 1e-9));
        return high - low < 1e-9 ? 1 : Math.Round((high - Math.Log(own + 1e-9)) / (high - low), 6);
    }

    private static double Quality(Rated rated) => Math.Clamp(rated.Candidate.Quality ?? UnknownQuality, 0, 1);

    private static decimal? PredictUsd(RouteCandidate candidate, RouteQuestion question) =>
        candidate is { InputPrice: { } input, OutputPrice: { } output }
            ? ((question.PromptTokens * input) + (Typical(question) * output)) / 1_000_000m
            : null;

    private static double? PredictMs(RouteCandidate candidate, RouteQuestion question) =>
        candidate is { FirstPieceMs: { } first, TokenMs: { } each } ? Math.Round(first + (each * Typical(question)), 3) : null;

    private static int Typical(RouteQuestion question) => Math.Min(TypicalOutput, question.OutputTokens);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private readonly record struct Rated(RouteCandidate Candidate, decimal? Usd, double? Ms);
}
