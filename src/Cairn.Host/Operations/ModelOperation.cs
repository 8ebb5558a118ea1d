using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Asks the model: renders the plan, waits out the backoff, stores the answer, checks its tool calls.</summary>
internal sealed class ModelOperation(RunSession session, BudgetLedger ledger)
{
    private readonly HashSet<string> _allowed = [];

    public (RunEvent Intent, Operations.Effect? Effect) Prepare(AskModel ask, BlobHash state)
    {
        if (ledger.TryReserve(session.Run, ask.Reserve.Tokens, ask.Reserve.Usd) is { } refusal)
        {
            return (new BudgetRefused(ask.Step, refusal.By, refusal.Reason), null);
        }

        var (request, hash) = session.Prompts.Render(ask.Plan, ask.MaxOutputTokens);
        var intent = new ModelCallStarted(
            ask.Step, ask.Attempt, ask.Plan.Model.Id, hash, ask.Reserve.Tokens, ask.Reserve.Usd, state) { Context = ask.Context };
        return (intent, token => SettledAsync(ask, request, token));
    }

    /// <summary>Whatever comes of the call, what was set aside for it is given back.</summary>
    private async Task<RunEvent> SettledAsync(AskModel ask, ModelRequest request, CancellationToken cancellationToken)
    {
        var (tokens, usd) = (0L, 0m);
        try
        {
            var result = await AskAsync(ask, request, cancellationToken);
            (tokens, usd) = result is ModelCallFinished finished ? (finished.Usage.Total, finished.CostUsd) : (0, 0);
            return result;
        }
        finally
        {
            ledger.Settle(session.Run, ask.Reserve.Tokens, ask.Reserve.Usd, tokens, usd);
        }
    }

    private async Task<RunEvent> AskAsync(AskModel ask, ModelRequest request, CancellationToken cancellationToken)
    {
        if (ask.Delay > TimeSpan.Zero)
        {
            await Task.Delay(ask.Delay, session.Services.Time, cancellationToken);
        }

        var (model, problem) = await session.Services.Models.OpenAsync(ask.Plan.Model.Id, cancellationToken);
        if (model is null)
        {
            return new ModelCallFailed(ask.Step, ask.Attempt, ModelErrorKind.UnknownModel, problem ?? "unknown model", null);
        }

        var written = new PartialOutput();
        ModelOutcome outcome;
        try
        {
            outcome = await model.AskAsync(request with { Model = model.Info.Name, Logprobs = session.Services.Logprobs }, delta => Streamed(written, delta, cancellationToken), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && written.Text.Length > 0)
        {
            return CutOff(ask, written);
        }

        var route = outcome.Route is { } record ? session.Services.Blobs.Put(CairnJson.Bytes(record, CairnJson.Default.RouteRecord)) : (BlobHash?)null;
        return outcome.Response is { } response
            ? Finished(ask, response) with { Route = route }
            : new ModelCallFailed(ask.Step, ask.Attempt, outcome.Failure!.Kind, outcome.Failure.Message, outcome.Failure.RetryAfter) { Route = route };
    }

    private void Streamed(PartialOutput written, ModelDelta delta, CancellationToken cancellationToken)
    {
        if (!cancellationToken.IsCancellationRequested)
        {
            written.Add(delta.Text);
        }

        session.Observer.ModelDelta(session.Run, delta);
    }

    // The answer will be asked for again; what was seen of it is kept all the same.
    private ModelCallCutOff CutOff(AskModel ask, PartialOutput written)
    {
        var text = session.Services.Blobs.PutText("", written.Text);
        return new(ask.Step, ask.Attempt, text.Body, text.Tokens);
    }

    private ModelCallFinished Finished(AskModel ask, ModelResponse response)
    {
        var services = session.Services;
        // Apart: later prompts hold the answer, and not these.
        var logprobs = response.Logprobs is { } tokens ? services.Blobs.Put(CairnJson.Bytes(tokens, CairnJson.Default.ImmutableArrayTokenLogprob)) : (BlobHash?)null;
        var bytes = CairnJson.Bytes(response with { Logprobs = null }, CairnJson.Default.ModelResponse);
        return new(
            ask.Step,
            services.Blobs.Put(bytes),
            Tokens(response, bytes.Length),
            response.Usage,
            response.CostUsd ?? 0,
            response.Finish,
            [.. response.ToolCalls.Select(Check)])
        {
            Logprobs = logprobs,
        };
    }

    /// <summary>The call that a use_tool stands for; one that names use_tool again is refused as the tool that it is.</summary>
    private static ModelToolCall Named(ModelToolCall call)
    {
        using var json = System.Text.Json.JsonDocument.Parse(call.Arguments);
        var tool = json.RootElement.GetProperty("tool").GetString()!;
        return call with { Name = tool == KernelTools.UseTool ? "use_tool(use_tool)" : tool, Arguments = json.RootElement.GetProperty("arguments").GetString()! };
    }

    private int Tokens(ModelResponse response, int bytes)
    {
        const int call = 16;
        return session.State.Model is { } model && session.Services.TokenCounter(model.Id) is { } counter
            ? counter.Count(response.Text) + counter.Count(response.Reasoning ?? "")
                + response.ToolCalls.Sum(c => counter.Count(c.Name) + counter.Count(c.Arguments) + call)
            : TokenEstimate.UpperBound(bytes);
    }

    private RequestedCall Check(ModelToolCall call)
    {
        if (_allowed.Count == 0)
        {
            _allowed.UnionWith(session.State.Spec.Agent.Tools.Select(t => t.Name));
        }

        if (call.Name == KernelTools.UseTool && session.Tools.Check(call.Name, call.Arguments, _allowed) is null)
        {
            return Check(Named(call));
        }

        var blobs = session.Services.Blobs;
        var arguments = blobs.PutText(call.Name, call.Arguments).Body;
        if (session.Tools.Check(call.Name, call.Arguments, _allowed) is not { } problem)
        {
            return new(call.Id, call.Name, arguments, default, 0) { Needs = session.NeedsOf(call.Name, call.Arguments) };
        }

        var stored = session.Count(call.Name, problem);
        return new(call.Id, call.Name, arguments, stored.Body, stored.Tokens);
    }
}
