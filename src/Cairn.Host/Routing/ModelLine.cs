using System.Threading.RateLimiting;
using Cairn.Abstractions;
using Cairn.Models;
using Polly;
using Polly.CircuitBreaker;

namespace Cairn.Host;

/// <summary>
/// The way to one model: so many calls at once, so many tokens a minute, the rest in a queue; and a circuit that opens
/// when it fails again and again, so that nobody waits for what is down.
/// </summary>
internal sealed class ModelLine : IDisposable
{
    /// <summary>The most calls that wait for a place; more are refused as rate-limited.</summary>
    public const int MaxQueue = 10_000;

    /// <summary>The most minutes' worth of tokens that calls may wait for; more are refused as rate-limited, and another model is asked.</summary>
    public const int MaxQueuedMinutes = 10;

    private readonly ConcurrencyLimiter _places;
    private readonly TokenBucketRateLimiter? _tokens;
    private readonly int _mostTokens;
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<ModelOutcome> _circuit;

    public ModelLine(RegisteredModel model, TimeProvider time)
    {
        _places = new(new() { PermitLimit = model.Concurrency, QueueLimit = MaxQueue });
        _mostTokens = model.TokensPerMinute ?? 0;
        _tokens = model.TokensPerMinute is not { } perMinute ? null : new(new()
        {
            TokenLimit = perMinute, TokensPerPeriod = Math.Max(1, perMinute / 60), ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = (int)Math.Min((long)perMinute * MaxQueuedMinutes, int.MaxValue),
        });
        _circuit = new ResiliencePipelineBuilder<ModelOutcome> { TimeProvider = time }.AddCircuitBreaker(new()
        {
            FailureRatio = 0.6,
            MinimumThroughput = 4,
            SamplingDuration = TimeSpan.FromSeconds(30),
            BreakDuration = TimeSpan.FromSeconds(15),
            StateProvider = _state,
            ShouldHandle = args => new(args.Outcome.Result?.Failure is { Retryable: true }),
        }).Build();
    }

    /// <summary>Why nothing should be sent this way now; null when it may.</summary>
    public string? Closed => _state.CircuitState is CircuitState.Open or CircuitState.Isolated
        ? "it failed again and again: nothing is sent to it for some seconds"
        : null;

    /// <summary>Waits for a place and for tokens; the lease gives the place back. Null when too many wait already.</summary>
    public async Task<IDisposable?> EnterAsync(int tokens, CancellationToken cancellationToken)
    {
        if (_tokens is not null)
        {
            // A call of more than a minute's tokens waits for all of them.
            using var paid = await _tokens.AcquireAsync(Math.Min(tokens, _mostTokens), cancellationToken);
            if (!paid.IsAcquired)
            {
                return null;
            }
        }

        var place = await _places.AcquireAsync(1, cancellationToken);
        return place.IsAcquired ? place : null;
    }

    public async Task<ModelOutcome> AskAsync(Func<CancellationToken, Task<ModelOutcome>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await _circuit.ExecuteAsync(async token => await ask(token), cancellationToken);
        }
        catch (BrokenCircuitException)
        {
            return ModelOutcome.Failed(ModelErrorKind.Unavailable, "It failed again and again: nothing is sent to it for some seconds.");
        }
    }

    public void Dispose()
    {
        _places.Dispose();
        _tokens?.Dispose();
    }
}
