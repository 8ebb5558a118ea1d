using System.Diagnostics;
using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// Tells of a run as its records are written: a span for the time that this process drives it, in it one per step, in that one
/// for each model call and each tool call. What a crash cut off was never told; its next attempt is, in the same trace.
/// </summary>
internal sealed class RunTrace(RunId run, RunStarted spec) : IDisposable
{
    private readonly Dictionary<CallId, (Activity? Span, string Tool, DateTimeOffset At)> _tools = [];
    private Activity? _life;
    private Activity? _step;
    private Activity? _model;
    private (string Id, DateTimeOffset At)? _asked;
    private int _number;

    public void Recorded(JournalRecord record)
    {
        switch (record.Event)
        {
            case ModelCallStarted x:
                StepTo(x.Step);
                var (provider, model) = Telemetry.Split(x.Model);
                _asked = (x.Model, record.At);
                _model = Telemetry.Begin(
                    $"{Telemetry.Chat} {model}", ActivityKind.Client, Inside,
                    [Telemetry.Tag(Telemetry.Operation, Telemetry.Chat), Telemetry.Tag(Telemetry.Provider, provider), Telemetry.Tag(Telemetry.RequestModel, model), Telemetry.Tag(Telemetry.Attempt, x.Attempt)]);
                break;
            case ModelCallFinished x:
                Asked(record.At, x.Usage, x.CostUsd, x.Finish.ToString(), null);
                break;
            case ModelCallFailed x:
                Asked(record.At, default, 0, null, x.Kind.ToString());
                break;
            case ModelCallCutOff:
                Asked(record.At, default, 0, null, "cancelled");
                break;
            case ToolCallStarted x:
                StepTo(x.Step);
                _tools[x.Call] = (Telemetry.Begin(
                    $"{Telemetry.ExecuteTool} {x.Tool}", ActivityKind.Internal, Inside,
                    [Telemetry.Tag(Telemetry.Operation, Telemetry.ExecuteTool), Telemetry.Tag(Telemetry.ToolName, x.Tool), Telemetry.Tag(Telemetry.ToolCall, x.Call.Value)]), x.Tool, record.At);
                break;
            case ToolCallFinished x:
                Called(x, record.At);
                break;
            case RunEnded x:
                Life?.SetTag(Telemetry.Outcome, x.Outcome.ToString());
                break;
        }
    }

    /// <summary>The process lets go of the run.</summary>
    public void Dispose()
    {
        foreach (var (span, _, _) in _tools.Values)
        {
            Telemetry.End(span, "abandoned");
        }

        _tools.Clear();
        Telemetry.End(_model, "abandoned");
        Telemetry.End(_step, null);
        Telemetry.End(_life, null);
        (_model, _step, _life) = (null, null, null);
    }

    private Activity? Life => _life ??= Telemetry.Begin(
        $"{Telemetry.InvokeAgent} {spec.Agent.Name}", ActivityKind.Internal, Telemetry.Place(run),
        [
            Telemetry.Tag(Telemetry.Operation, Telemetry.InvokeAgent), Telemetry.Tag(Telemetry.AgentName, spec.Agent.Name),
            Telemetry.Tag(Telemetry.Conversation, run.Value), Telemetry.Tag(Telemetry.Run, run.Value), Telemetry.Tag(Telemetry.Parent, spec.Parent?.Value),
        ]);

    private ActivityContext Inside => (_step ?? Life)?.Context ?? default;

    private void StepTo(int step)
    {
        if (step == _number)
        {
            return;
        }

        Telemetry.End(_step, null);
        _number = step;
        _step = Telemetry.Begin(
            string.Create(CultureInfo.InvariantCulture, $"step {step}"), ActivityKind.Internal, Life?.Context ?? default,
            [Telemetry.Tag(Telemetry.Step, step), Telemetry.Tag(Telemetry.Run, run.Value)]);
    }

    private void Asked(DateTimeOffset now, ModelUsage usage, decimal usd, string? finish, string? error)
    {
        if (_asked is { } asked)
        {
            var (provider, model) = Telemetry.Split(asked.Id);
            Telemetry.Measure(provider, model, usage, usd, now - asked.At, error);
        }

        _model?.SetTag(Telemetry.InputTokens, usage.InputTokens).SetTag(Telemetry.OutputTokens, usage.OutputTokens).SetTag(Telemetry.CostUsd, (double)usd);
        if (finish is not null)
        {
            _model?.SetTag(Telemetry.FinishReasons, new[] { finish });
        }

        Telemetry.End(_model, error);
        (_model, _asked) = (null, null);
    }

    private void Called(ToolCallFinished e, DateTimeOffset now)
    {
        if (!_tools.Remove(e.Call, out var call))
        {
            return;
        }

        if (Telemetry.ToolDuration.Enabled)
        {
            Telemetry.ToolDuration.Record((now - call.At).TotalSeconds, Telemetry.Tag(Telemetry.ToolName, call.Tool), Telemetry.Tag(Telemetry.ToolStatus, e.Status.ToString()));
        }

        call.Span?.SetTag(Telemetry.ToolStatus, e.Status.ToString());
        if (e.Spent is { } spent)
        {
            call.Span?.SetTag(Telemetry.InputTokens, spent.Usage.InputTokens).SetTag(Telemetry.OutputTokens, spent.Usage.OutputTokens).SetTag(Telemetry.CostUsd, (double)spent.Usd);
        }

        Telemetry.End(call.Span, e.Status == Abstractions.ToolStatus.Ok ? null : e.Status.ToString());
    }
}
