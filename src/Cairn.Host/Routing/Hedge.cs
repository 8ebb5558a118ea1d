using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// Asks the second best as well when the best has not answered after a while. The first answer counts, whole and alone: the
/// other one is cancelled, nothing of it is used, and both are paid for.
/// </summary>
internal sealed class Hedge(
    TimeSpan after, TimeProvider time, Func<RoutedCandidate, bool, CancellationToken, Task<(ModelOutcome Outcome, RouteAttempt Attempt)>> ask)
{
    /// <summary>Asks one or both.</summary>
    /// <param name="first">The best.</param>
    /// <param name="second">The next best.</param>
    /// <param name="promptTokens">What a provider has read of a question that was cancelled.</param>
    /// <param name="cancellationToken">Stops both.</param>
    /// <returns>Whoever was asked, in the order in which they were, with what came of it; null for one that was cancelled.</returns>
    public async Task<List<(RoutedCandidate Candidate, ModelOutcome? Outcome, RouteAttempt Attempt)>> RunAsync(
        RoutedCandidate first, RoutedCandidate second, int promptTokens, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = new List<(RoutedCandidate Candidate, Task<(ModelOutcome Outcome, RouteAttempt Attempt)> Task)> { (first, ask(first, true, enough.Token)) };
        await Task.WhenAny(asked[0].Task, Task.Delay(after, time, waited.Token));
        await waited.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (!asked[0].Task.IsCompleted)
        {
            asked.Add((second, ask(second, false, enough.Token)));
        }

        for (var open = asked.ConvertAll(a => a.Task); open.Count > 0;)
        {
            var done = await Task.WhenAny(open);
            open.Remove(done);
            if (done.IsCompletedSuccessfully && done.Result.Outcome.Response is not null)
            {
                break;
            }
        }

        await enough.CancelAsync();
        var answered = false;
        var results = new List<(RoutedCandidate, ModelOutcome?, RouteAttempt)>();
        foreach (var (candidate, task) in asked)
        {
            var (outcome, attempt) = await SettledAsync(task, enough.Token);
            cancellationToken.ThrowIfCancellationRequested();
            // Both may have answered in the same moment: the better one's answer counts.
            results.Add((candidate, answered && outcome?.Response is not null ? null : outcome, attempt ?? Ballot.Cancelled(candidate, promptTokens)));
            answered |= outcome?.Response is not null;
        }

        return results;
    }

    private static async Task<(ModelOutcome? Outcome, RouteAttempt? Attempt)> SettledAsync(Task<(ModelOutcome Outcome, RouteAttempt Attempt)> task, CancellationToken enough)
    {
        try
        {
            return await task;
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            return (null, null);
        }
    }
}
