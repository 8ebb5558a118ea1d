using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>
/// Asks a model again with the exact recorded prompt of each step. What it answers is compared and forgotten: no tool runs,
/// nothing is written, and the next step's prompt is the recorded one again.
/// </summary>
internal sealed class LiveReplay(IJournal journal, IBlobStore blobs, IModelCatalog models, TimeProvider time)
{
    /// <summary>How often a step is asked when the failure may pass.</summary>
    private const int Attempts = 4;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(60);

    /// <summary>Asks every step again.</summary>
    /// <exception cref="InvalidDataException">When the prompts cannot be made again as they were: the journal is damaged.</exception>
    public async Task<DriftView> RunAsync(RunId run, LiveReplayOptions options, Action<StepDrift>? progress, CancellationToken cancellationToken)
    {
        var steps = ImmutableArray.CreateBuilder<StepDrift>();
        var (usage, usd, unpriced) = (default(ModelUsage), 0m, 0);
        foreach (var recorded in Recorded(run))
        {
            var step = await AskAsync(recorded, options, usage.Total, usd, cancellationToken);
            usage += step.LiveUsage;
            usd += step.Usd ?? 0;
            unpriced += step.Problem is null && step.Usd is null ? 1 : 0;
            steps.Add(step);
            progress?.Invoke(step);
        }

        if (steps.Count == 0)
        {
            throw new UserException($"Run {run} holds no answer of a model: there is nothing to ask again. `cairn replay {run} --verify` proves what it does hold.");
        }

        return new(
            run, steps.ToImmutable(), steps.Count(s => s.Same), steps.Count(s => s.Problem is null && !s.Same), steps.Count(s => s.Problem is not null),
            steps.Count(s => s.LengthDiffers), usage, usd, unpriced, Logprobs(steps));
    }

    private static string Logprobs(IReadOnlyList<StepDrift> steps)
    {
        var compared = steps.Where(s => s.Logprobs is not null).Select(s => s.Logprobs!).ToList();
        if (compared.Count > 0)
        {
            var tokens = compared.Sum(l => l.Compared);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"compared in {compared.Count} steps over {tokens} tokens: they differ by {(tokens == 0 ? 0 : compared.Sum(l => l.MeanDifference * l.Compared) / tokens):0.####} in the mean, by {compared.Max(l => l.LargestDifference):0.####} at most");
        }

        return steps.Any(s => s.RecordedLogprobs)
            ? "not offered by the model that was asked now; they were recorded"
            : "not offered: this journal holds none (CAIRN_LOGPROBS=1 records them where a provider offers them: OpenAI Chat Completions)";
    }

    /// <summary>Each answer of the run with the prompt that it answered.</summary>
    private IEnumerable<Question> Recorded(RunId run)
    {
        var state = RunState.New;
        Question? asked = null;
        var events = RunHistory.Events(journal, run);
        for (var i = 0; i < events.Count; i++)
        {
            if (events[i] is ModelCallStarted started)
            {
                asked = Again(state, started, i);
            }
            else if (events[i] is ModelCallFinished finished && asked is not null)
            {
                yield return asked with { Record = i, Finished = finished };
            }

            state = Kernel.Kernel.Apply(state, events[i]);
        }
    }

    private Question Again(RunState state, ModelCallStarted started, int at)
    {
        var ask = Kernel.Kernel.Decide(state).OfType<AskModel>().FirstOrDefault();
        var request = ask is null ? null : PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, blobs.Get);
        return request is not null && BlobHash.Of(PromptRenderer.CanonicalBytes(request)) == started.Prompt
            ? new(started, request, 0, null!)
            : throw new InvalidDataException($"The prompt of record {at} cannot be made again as it was: `cairn replay --verify` says what is wrong with the run.");
    }

    private async Task<StepDrift> AskAsync(Question recorded, LiveReplayOptions options, long tokens, decimal usd, CancellationToken cancellationToken)
    {
        var id = options.Model ?? recorded.Started.Model;
        var (model, problem) = await models.OpenAsync(id, cancellationToken);
        if (model is null)
        {
            throw new UserException(problem ?? $"There is no model {id}.");
        }

        if (Refusal(recorded, model.Info, options, tokens, usd) is { } refusal)
        {
            return Without(recorded, id, refusal);
        }

        var outcome = await RetryAsync(model, recorded.Request with { Model = model.Info.Name, Logprobs = recorded.Finished.Logprobs is not null }, cancellationToken);
        return outcome.Response is { } live ? Compare(recorded, id, live) : Without(recorded, id, $"{outcome.Failure!.Kind}: {outcome.Failure.Message}");
    }

    /// <summary>The reservation of the recorded call is an upper bound of this one: it is the same prompt with the same limit.</summary>
    private static string? Refusal(Question recorded, ModelInfo info, LiveReplayOptions options, long tokens, decimal usd)
    {
        var needed = recorded.Started.ReservedTokens;
        if (options.BudgetTokens is { } most && tokens + needed > most)
        {
            return string.Create(CultureInfo.InvariantCulture, $"not asked: it may take {needed} tokens, and {Math.Max(0, most - tokens)} of {most} are left");
        }

        if (options.BudgetUsd is not { } dollars || info.Recorded)
        {
            return null;
        }

        var output = recorded.Request.MaxOutputTokens;
        if (info.Cost(new(needed - output, output)) is not { } price)
        {
            throw new UserException($"--budget-usd cannot be kept: the price of {info.Id} is not in the price table. Use --budget-tokens, or another model.");
        }

        return usd + price <= dollars
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"not asked: it may cost {price:0.####} USD, and {Math.Max(0, dollars - usd):0.####} of {dollars:0.####} are left");
    }

    private async Task<ModelOutcome> RetryAsync(IModel model, ModelRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var outcome = await model.AskAsync(request, null, cancellationToken);
            if (outcome.Failure is not { Retryable: true } failure || attempt == Attempts)
            {
                return outcome;
            }

            var delay = failure.RetryAfter ?? TimeSpan.FromSeconds(0.5 * (1 << attempt));
            await Task.Delay(delay < LongestDelay ? delay : LongestDelay, time, cancellationToken);
        }
    }

    private StepDrift Compare(Question recorded, string id, ModelResponse live)
    {
        var then = JsonSerializer.Deserialize(blobs.Get(recorded.Finished.Response), CairnJson.Default.ModelResponse)!;
        var text = AnswerDrift.Text(then.Text, live.Text);
        return new(
            recorded.Started.Step, recorded.Record, id, null, text, AnswerDrift.Calls(then.ToolCalls, live.ToolCalls),
            then.Finish, live.Finish, then.Usage, live.Usage, live.CostUsd)
        {
            LengthDiffers = text.RecordedLength != text.LiveLength || then.ToolCalls.Length != live.ToolCalls.Length,
            RecordedLogprobs = recorded.Finished.Logprobs is not null,
            Logprobs = recorded.Finished.Logprobs is { } hash && live.Logprobs is { } now
                ? AnswerDrift.Logprobs(JsonSerializer.Deserialize(blobs.Get(hash), CairnJson.Default.ImmutableArrayTokenLogprob), now)
                : null,
        };
    }

    private static StepDrift Without(Question recorded, string id, string problem) => new(
        recorded.Started.Step, recorded.Record, id, problem, null, [], recorded.Finished.Finish, null, recorded.Finished.Usage, default, null);

    private sealed record Question(ModelCallStarted Started, ModelRequest Request, int Record, ModelCallFinished Finished);
}
