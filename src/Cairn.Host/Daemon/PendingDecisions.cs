using System.Collections.Concurrent;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>
/// The questions that runs wait on. They stand in the journal; here are only those who wait for the answer. The first
/// answer wins, and whoever gave it is told so when it is durable.
/// </summary>
internal sealed class PendingDecisions : IHuman
{
    private const int MaxAnswer = 64 * 1024;
    private readonly ConcurrentDictionary<(RunId, DecisionId), Waiting> _waiting = new();

    public IReadOnlyList<PendingDecision> All() =>
    [
        .. _waiting.Values.Select(w => w.Question).Select(q => new PendingDecision(q.Run, q.Decision, q.Kind, q.Text, [.. q.Options], Open: true))
            .OrderBy(d => d.Run.Value, StringComparer.Ordinal),
    ];

    public Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken) =>
        Task.FromResult<string?>(null);

    public async Task<string?> AskAsync(HumanQuestion question, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(question);
        _waiting[(question.Run, question.Decision)] = waiting;

        // An answer that came in the moment of a stop still counts: the run writes down what arrived.
        await using var stop = cancellationToken.Register(() => waiting.Answer.TrySetCanceled(cancellationToken));
        return await waiting.Answer.Task;
    }

    /// <summary>Answers; returns when the answer is durable.</summary>
    public async Task AnswerAsync(RunId run, DecisionId decision, string answer, CancellationToken cancellationToken)
    {
        if (!_waiting.TryGetValue((run, decision), out var waiting))
        {
            throw new ConflictException($"Run {run} does not wait for an answer to {decision}: it has one, or the run is not under way (`cairn decisions` lists what waits).");
        }

        var options = waiting.Question.Options;
        if (answer.Length > MaxAnswer || (options.Count > 0 && !options.Contains(answer)))
        {
            throw new UserException(answer.Length > MaxAnswer
                ? $"The answer is longer than {MaxAnswer} characters."
                : $"'{SafeText.Line(answer, 60)}' is no answer to {decision}: choose {string.Join(" or ", options)}.");
        }

        if (!waiting.Answer.TrySetResult(answer))
        {
            throw new ConflictException($"Another answer to {decision} of run {run} was first.");
        }

        if (!await waiting.Recorded.Task.WaitAsync(cancellationToken))
        {
            throw new ConflictException($"Run {run} stopped before the answer to {decision} was written down; it asks again when it is resumed.");
        }
    }

    /// <summary>An answer is durable.</summary>
    public void Recorded(JournalRecord record)
    {
        if (record.Event is DecisionMade made && _waiting.TryRemove((record.Run, made.Decision), out var waiting))
        {
            waiting.Recorded.TrySetResult(true);
        }
    }

    /// <summary>The run is no longer driven: nothing more is written down for it.</summary>
    public void Close(RunId run)
    {
        foreach (var key in _waiting.Keys.Where(key => key.Item1 == run))
        {
            if (_waiting.TryRemove(key, out var waiting))
            {
                waiting.Answer.TrySetCanceled();
                waiting.Recorded.TrySetResult(false);
            }
        }
    }

    private sealed record Waiting(HumanQuestion Question)
    {
        public TaskCompletionSource<string?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<bool> Recorded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
