using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Models;

namespace Cairn.Host;

/// <summary>
/// A model whose answers come from whichever model the router chooses for each request. When one fails, the next best is
/// asked; nothing of a broken answer is ever used.
/// </summary>
internal sealed class RoutedModel(RoutePolicy policy, string id, ImmutableArray<RoutedCandidate> candidates, RouteLimits? limits, RouteStatistics learned, TimeProvider time) : IModel
{
    public ModelInfo Info { get; } = InfoOf(policy, id, limits?.HedgeMs is not null, [.. candidates.Where(c => c.Model is not null).Select(c => c.Model!.Info)]);

    public async Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        var decision = Router.Decide(policy, Question(request), [.. candidates.Select(Known)]);
        var order = decision.Scores.Where(s => s.Excluded is null).Select(s => candidates.First(c => c.Id == s.Model)).ToList();
        if (order.Count < policy.Quorum)
        {
            return Nobody(decision) with { Route = new(decision, [], null) };
        }

        var prompt = decision.Question.PromptTokens;
        return policy.Voters == 1
            ? await InTurnAsync(decision, order, prompt, request, onDelta, cancellationToken)
            : await new Ballot(policy, decision, [.. order.Take(policy.Voters)], (c, token) => AskOneAsync(c, prompt, request, null, token)).RunAsync(prompt, cancellationToken);
    }

    private async Task<ModelOutcome> InTurnAsync(
        RouteDecision decision, List<RoutedCandidate> order, int prompt, ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        var attempts = ImmutableArray.CreateBuilder<RouteAttempt>();
        ModelOutcome? last = null;
        if (limits?.HedgeMs is { } after && order.Count > 1)
        {
            var both = await new Hedge(TimeSpan.FromMilliseconds(after), time, (c, shown, token) => AskOneAsync(c, prompt, request, shown ? onDelta : null, token))
                .RunAsync(order[0], order[1], prompt, cancellationToken);
            attempts.AddRange(both.Select(b => b.Attempt));
            if (both.FirstOrDefault(b => b.Outcome?.Response is not null) is { Outcome.Response: { } response } winner)
            {
                return ModelOutcome.Answered(Ballot.Billed(response, attempts)) with { Route = new(decision, attempts.ToImmutable(), winner.Candidate.Id) };
            }

            last = both.Select(b => b.Outcome).LastOrDefault(o => o?.Failure is { Retryable: true }) ?? both[0].Outcome;
            order = [.. order.Except(both.Select(b => b.Candidate))];
            if (both.Exists(b => b.Outcome?.Failure?.Kind == ModelErrorKind.Invalid))
            {
                order.Clear(); // The request itself is refused.
            }
        }

        foreach (var candidate in order)
        {
            var (outcome, attempt) = await AskOneAsync(candidate, prompt, request, onDelta, cancellationToken);
            attempts.Add(attempt);
            if (outcome.Response is { } response)
            {
                return ModelOutcome.Answered(response) with { Route = new(decision, attempts.ToImmutable(), candidate.Id) };
            }

            // A later failure that may pass says more than an earlier one that will not: the call is worth another try.
            last = last?.Failure is { Retryable: true } && !outcome.Failure!.Retryable ? last : outcome;
            if (outcome.Failure!.Kind == ModelErrorKind.Invalid)
            {
                break; // The request itself is refused; others would only be asked in vain.
            }
        }

        return last! with { Route = new(decision, attempts.ToImmutable(), null) };
    }

    private async Task<(ModelOutcome Outcome, RouteAttempt Attempt)> AskOneAsync(
        RoutedCandidate candidate, int prompt, ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        var model = candidate.Model!;
        var queued = time.GetTimestamp();
        using var place = await candidate.Line.EnterAsync(prompt + request.MaxOutputTokens, cancellationToken);
        var waited = time.GetElapsedTime(queued).TotalMilliseconds;
        if (place is null)
        {
            return (ModelOutcome.Failed(ModelErrorKind.RateLimited, $"Too many calls wait for {candidate.Id}."),
                new(candidate.Id, nameof(ModelErrorKind.RateLimited), "too many calls wait", waited, 0, 0, default));
        }

        var started = time.GetTimestamp();
        double? first = null;
        var own = request with { Model = model.Info.Name, MaxOutputTokens = Math.Min(request.MaxOutputTokens, model.Info.MaxOutputTokens) };
        var outcome = await candidate.Line.AskAsync(
            token => model.AskAsync(
                own,
                delta =>
                {
                    first ??= time.GetElapsedTime(started).TotalMilliseconds;
                    onDelta?.Invoke(delta);
                },
                token),
            cancellationToken);
        var ms = Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 3);
        learned.Learn(candidate.Id, outcome.Response is not null, first, ms, outcome.Response?.Usage.OutputTokens ?? 0);
        return (outcome, outcome.Response is { } response
            ? new(candidate.Id, "answered", "", waited, ms, response.CostUsd, response.Usage)
            : new(candidate.Id, outcome.Failure!.Kind.ToString(), outcome.Failure.Message, waited, ms, null, default));
    }

    private RouteQuestion Question(ModelRequest request) => new(PromptTokens(request), request.MaxOutputTokens, request.Tools.IsEmpty ? [] : [ModelCapability.Tools])
    {
        MaxUsd = limits?.MaxUsd,
        MaxMs = limits?.MaxMs,
    };

    private static int PromptTokens(ModelRequest request)
    {
        var bytes = request.Messages.Sum(m => (long)System.Text.Encoding.UTF8.GetByteCount(m.Text) + m.ToolCalls.Sum(c => c.Name.Length + c.Arguments.Length) + (m.Reasoning?.Length ?? 0))
            + request.Tools.Sum(t => (long)t.Name.Length + t.Description.Length + t.Schema.Length);
        return TokenEstimate.UpperBound(bytes) + (TokenEstimate.MessageOverhead * (request.Messages.Length + request.Tools.Length));
    }

    private RouteCandidate Known(RoutedCandidate candidate)
    {
        var known = learned.Of(candidate.Id);
        var info = candidate.Model?.Info;
        return new(candidate.Id, info?.ContextTokens ?? 0, candidate.Registered.Capabilities)
        {
            InputPrice = info?.InputPrice,
            OutputPrice = info?.OutputPrice,
            Quality = candidate.Registered.QualityFor(policy.Skill),
            FirstPieceMs = known.FirstPieceMs,
            TokenMs = known.TokenMs,
            Answered = known.Outcomes.Count(c => c == '1'),
            Calls = known.Outcomes.Length,
            Unavailable = candidate.Problem ?? candidate.Line.Closed,
        };
    }

    private static ModelOutcome Nobody(RouteDecision decision)
    {
        var reasons = string.Join("; ", decision.Scores.Where(s => s.Excluded is not null).Select(s => $"{s.Model}: {s.Excluded}"));
        // A circuit closes again by itself; nothing else here gets better by waiting.
        var kind = decision.Candidates.Any(c => c.Unavailable is not null && c.ContextTokens > 0) ? ModelErrorKind.Unavailable : ModelErrorKind.Invalid;
        return ModelOutcome.Failed(kind, $"{decision.Policy} finds too few models for this call: {(reasons.Length > 0 ? reasons : "there are not enough of them")}.");
    }

    /// <summary>What the kernel plans with: the smallest window and the highest price, so that whoever answers, both hold.</summary>
    private static ModelInfo InfoOf(RoutePolicy policy, string id, bool hedges, ImmutableArray<ModelInfo> models) => new(
        "route",
        id[RouteName.Prefix.Length..],
        policy.LargestWindow ? models.Max(m => m.ContextTokens) : models.Min(m => m.ContextTokens),
        models.Min(m => m.MaxOutputTokens),
        models.All(m => m.Recorded))
    {
        InputPrice = models.All(m => m.InputPrice is not null) ? models.Max(m => m.InputPrice) : null,
        OutputPrice = models.All(m => m.OutputPrice is not null) ? models.Max(m => m.OutputPrice) : null,
        Voters = Math.Max(policy.Voters, hedges && models.Length > 1 ? 2 : 1),
    };
}
