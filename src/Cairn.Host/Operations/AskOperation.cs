using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Tools.Calls;

namespace Cairn.Host;

/// <summary>
/// ask_model: one question of a code agent to a model. With a schema the answer is checked, whatever the provider promised, and
/// sent back with what is wrong a limited number of times. Each answer is kept in the call's data, and all of them are paid for.
/// </summary>
internal sealed class AskOperation(RunSession session, BudgetLedger ledger)
{
    private const int UsualAttempts = 3;
    private const int UsualOutput = 4096;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    public async Task<RunEvent> RunAsync(RunTool command, CancellationToken cancellationToken)
    {
        var start = session.Services.Time.GetTimestamp();
        var request = JsonSerializer.Deserialize(session.Services.Blobs.Get(command.Call.Arguments), CairnJson.Default.AskRequest)!;
        var talk = new Talk();
        ToolStatus status;
        string text;
        try
        {
            (status, text) = await AskAsync(request, talk, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && talk.Attempts.Count > 0)
        {
            // The question will be asked again from its beginning; what was paid stays paid.
            (status, text) = (ToolStatus.Cancelled, "");
        }

        var stored = session.Services.Blobs.PutText("", text);
        return new ToolCallFinished(
            command.Call.Id, status, stored.Body, stored.Tokens, null, 0, ToolSignal.None, null, (long)session.Services.Time.GetElapsedTime(start).TotalMilliseconds)
        {
            Data = talk.Attempts.Count == 0 ? null
                : session.Services.Blobs.Put(CairnJson.Bytes(new AskData(status == ToolStatus.Ok ? text : "", [.. talk.Attempts]), CairnJson.Default.AskData)),
            Spent = new(talk.Usage, talk.Usd) { Refusal = talk.Refusal },
        };
    }

    private async Task<(ToolStatus Status, string Text)> AskAsync(AskRequest request, Talk talk, CancellationToken cancellationToken)
    {
        var (check, wrong) = request.Schema is null ? (null, null) : AnswerCheck.Of(request.Schema);
        if (wrong is not null)
        {
            return (ToolStatus.Invalid, $"The schema cannot be used: {wrong}.");
        }

        var id = request.Model ?? session.State.Model?.Id;
        var (model, problem) = id is null ? (null, "The run has no model: name one in the question, or start the run with one.")
            : await session.Services.Models.OpenAsync(id, cancellationToken);
        if (model is null)
        {
            return (ToolStatus.Failed, problem ?? $"There is no model {id}.");
        }

        var asked = First(request, model.Info);
        var attempts = request.Attempts ?? UsualAttempts;
        for (var attempt = 1; ; attempt++)
        {
            var outcome = await AnswerAsync(model, asked, talk, cancellationToken);
            if (outcome.Response is not { } answer)
            {
                return (ToolStatus.Failed, outcome.Failure!.Message);
            }

            var text = check is null ? answer.Text : AnswerCheck.Unfenced(answer.Text);
            var why = answer.Finish switch
            {
                FinishReason.Refused => "the model refused",
                FinishReason.Length when check is not null => $"it was cut off at {asked.MaxOutputTokens} tokens",
                _ => check?.Problem(text),
            };
            talk.Attempts.Add(new(answer.Model, answer.Text, why));
            if (why is null)
            {
                return (ToolStatus.Ok, text);
            }

            if (attempt >= attempts || answer.Finish == FinishReason.Refused)
            {
                return (ToolStatus.Failed, $"None of {attempt} answers of {model.Info.Id} fits the schema; of the last one: {why}.");
            }

            asked = asked with { Messages = [.. asked.Messages, new(ChatRole.Assistant, answer.Text) { Reasoning = answer.Reasoning }, new(ChatRole.User, Repair(why))] };
        }
    }

    /// <summary>Asks until there is an answer, or the failure is one that does not pass; within the budget.</summary>
    private async Task<ModelOutcome> AnswerAsync(IModel model, ModelRequest request, Talk talk, CancellationToken cancellationToken)
    {
        var wait = FirstWait;
        for (var tries = 1; ; tries++)
        {
            var prompt = TokenEstimate.UpperBound(request.Messages.Sum(m => (long)Encoding.UTF8.GetByteCount(m.Text)) + (request.AnswerSchema?.Schema.Length ?? 0));
            var (tokens, usd) = ((long)(prompt + request.MaxOutputTokens) * model.Info.Voters, (model.Info.Cost(new(prompt, request.MaxOutputTokens)) ?? 0) * model.Info.Voters);
            if (Refusal(model.Info, tokens, usd) is { } refusal)
            {
                talk.Refusal = refusal;
                return ModelOutcome.Failed(ModelErrorKind.Invalid, $"Over budget: {refusal}");
            }

            ModelOutcome? outcome = null;
            try
            {
                outcome = await model.AskAsync(request, null, cancellationToken);
            }
            finally
            {
                var spent = outcome?.Response;
                ledger.Settle(session.Run, tokens, usd, spent?.Usage.Total ?? 0, spent?.CostUsd ?? 0);
                talk.Add(spent);
            }

            if (outcome.Failure is not { Retryable: true } failure || tries >= session.State.Spec.Limits.Attempts)
            {
                return outcome;
            }

            await Task.Delay(Least(failure.RetryAfter ?? wait, LongestWait), session.Services.Time, cancellationToken);
            wait *= 2;
        }
    }

    private string? Refusal(ModelInfo info, long tokens, decimal usd)
    {
        var limits = session.State.Spec.Limits;
        if (limits.Usd is not null && info.InputPrice is null && !info.Recorded)
        {
            return $"the run has a budget in dollars, and the price of {info.Id} is unknown";
        }

        return ledger.TryReserve(session.Run, tokens, usd)?.Reason;
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static ModelRequest First(AskRequest request, ModelInfo info)
    {
        var system = string.Join("\n\n", new[]
        {
            request.System,
            request.Schema is null ? null : $"Answer with nothing but one JSON object, without a fence, that fits this JSON Schema:\n{request.Schema}",
        }.Where(s => !string.IsNullOrEmpty(s)));
        return new()
        {
            Model = info.Name,
            Messages = [.. system.Length > 0 ? [new ChatMessage(ChatRole.System, system)] : Array.Empty<ChatMessage>(), new(ChatRole.User, request.Prompt)],
            MaxOutputTokens = Math.Min(request.MaxOutputTokens ?? UsualOutput, info.MaxOutputTokens),
            AnswerSchema = request.Schema is { } schema ? new("answer", schema) : null,
        };
    }

    private static string Repair(string why) => $"Your answer does not fit the schema: {why}. Answer again, with nothing but the JSON object.";

    /// <summary>What was said and spent so far.</summary>
    private sealed class Talk
    {
        public List<AskAttempt> Attempts { get; } = [];

        public ModelUsage Usage { get; private set; }

        public decimal Usd { get; private set; }

        public string? Refusal { get; set; }

        public void Add(ModelResponse? answer)
        {
            Usage += answer?.Usage ?? default;
            Usd += answer?.CostUsd ?? 0;
        }
    }
}
