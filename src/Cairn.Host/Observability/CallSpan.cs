using System.Diagnostics;
using Cairn.Abstractions;
using Cairn.Models;

namespace Cairn.Host;

/// <summary>A call through the gateway as it is told of: in the client's trace, if it has one.</summary>
internal sealed class CallSpan : IDisposable
{
    private readonly ModelInfo _model;
    private Activity? _span;

    /// <param name="key">The key's id, never its secret.</param>
    /// <param name="model">Who is asked.</param>
    /// <param name="trace">The client's traceparent; null for none.</param>
    public CallSpan(string key, ModelInfo model, string? trace)
    {
        _model = model;
        if (Telemetry.Source.HasListeners())
        {
            ActivityContext.TryParse(trace, null, isRemote: true, out var parent);
            _span = Telemetry.Begin(
                $"{Telemetry.Chat} {model.Name}", ActivityKind.Server, parent,
                [Telemetry.Tag(Telemetry.Operation, Telemetry.Chat), Telemetry.Tag(Telemetry.Provider, model.Provider), Telemetry.Tag(Telemetry.RequestModel, model.Name), Telemetry.Tag(Telemetry.Key, key)]);
        }
    }

    public void End(WireOutcome outcome, TimeSpan took)
    {
        var error = outcome.ClientLeft ? "client_left" : outcome.Kind?.ToString();
        Telemetry.Measure(_model.Provider, _model.Name, outcome.Usage, outcome.CostUsd, took, error);
        _span?.SetTag(Telemetry.InputTokens, outcome.Usage.InputTokens).SetTag(Telemetry.OutputTokens, outcome.Usage.OutputTokens)
            .SetTag(Telemetry.CostUsd, (double)outcome.CostUsd).SetTag(Telemetry.HttpStatus, outcome.Status);
        Telemetry.End(_span, error);
        _span = null;
    }

    public void Dispose() => Telemetry.End(_span, "failed");
}
