using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// Asks several models at once; an answer counts when enough of them agree on what is to be done. Agreement is judged by
/// structure: the same tools with the same arguments in the same order, whatever they say beside it. Who is not needed any
/// more is cancelled, and everything that was asked is paid for.
/// </summary>
internal sealed class Ballot(
    RoutePolicy policy, RouteDecision decision, ImmutableArray<RoutedCandidate> voters,
    Func<RoutedCandidate, CancellationToken, Task<(ModelOutcome Outcome, RouteAttempt Attempt)>> ask)
{
    private readonly RouteAttempt?[] _attempts = new RouteAttempt?[voters.Length];
    private readonly ModelResponse?[] _answers = new ModelResponse?[voters.Length];

    public async Task<ModelOutcome> RunAsync(int promptTokens, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var open = voters.Select((voter, i) => VoteAsync(i, voter, enough.Token)).ToList();
        int? winner = null;
        ModelFailure? failure = null;
        while (open.Count > 0 && winner is null)
        {
            var done = await Task.WhenAny(open);
            open.Remove(done);
            failure = (await done)?.Failure ?? failure;
            cancellationToken.ThrowIfCancellationRequested();
            winner = Agreed();
        }

        await enough.CancelAsync();
        await Task.WhenAll(open);
        cancellationToken.ThrowIfCancellationRequested();
        var read = _answers.Max(a => a?.Usage.InputTokens) ?? promptTokens;
        var attempts = voters.Select((v, i) => _attempts[i] ?? Cancelled(v, read)).ToImmutableArray();
        var record = new RouteRecord(decision, attempts, winner is { } w ? voters[w].Id : null);
        return (winner is { } index ? ModelOutcome.Answered(Billed(_answers[index]!, attempts)) : NoQuorum(failure)) with { Route = record };
    }

    /// <summary>What an answer asks to be done, in one spelling.</summary>
    internal static string Meaning(ModelResponse answer)
    {
        var text = new StringBuilder(answer.Finish == FinishReason.Refused ? "refused" : "");
        foreach (var call in answer.ToolCalls)
        {
            text.Append('\n').Append(call.Name).Append(' ').Append(Canonical(call.Arguments));
        }

        return text.ToString();
    }

    private async Task<ModelOutcome?> VoteAsync(int index, RoutedCandidate voter, CancellationToken cancellationToken)
    {
        try
        {
            var (outcome, attempt) = await ask(voter, cancellationToken);
            (_attempts[index], _answers[index]) = (attempt, outcome.Response);
            return outcome;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>The best-scored voter of the first group that is large enough.</summary>
    private int? Agreed() => Enumerable.Range(0, voters.Length)
        .Where(i => _answers[i] is not null)
        .GroupBy(i => Meaning(_answers[i]!), StringComparer.Ordinal)
        .FirstOrDefault(group => group.Count() >= policy.Quorum)?.Min();

    internal static RouteAttempt Cancelled(RoutedCandidate voter, long promptTokens)
    {
        // The provider read the prompt, as the others did; how much it wrote nobody says any more.
        var usage = new ModelUsage(promptTokens, 0);
        return new(voter.Id, "cancelled", "", 0, 0, voter.Model!.Info.Cost(usage), usage);
    }

    internal static ModelResponse Billed(ModelResponse answer, IReadOnlyCollection<RouteAttempt> attempts) => answer with
    {
        Usage = attempts.Aggregate(default(ModelUsage), (sum, a) => sum + a.Usage),
        CostUsd = attempts.Any(a => a.Outcome == "answered" && a.Usd is null) ? null : attempts.Sum(a => a.Usd ?? 0),
    };

    private ModelOutcome NoQuorum(ModelFailure? failure)
    {
        var answered = _answers.Count(a => a is not null);
        return answered < policy.Quorum && failure is not null
            ? ModelOutcome.Failed(failure.Kind, failure.Message, failure.RetryAfter)
            : ModelOutcome.Failed(ModelErrorKind.Unavailable, $"{policy.Quorum} of {voters.Length} models must agree, and {answered} answers differ: nothing was done.");
    }

    // {"b":1, "a":2} and {"a":2,"b":1} are the same call.
    private static string Canonical(string arguments)
    {
        try
        {
            return Sorted(JsonNode.Parse(arguments))?.ToJsonString() ?? "null";
        }
        catch (JsonException)
        {
            return arguments;
        }
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => KeyValuePair.Create(f.Key, Sorted(f.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
