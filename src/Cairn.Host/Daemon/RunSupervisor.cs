using System.Collections.Concurrent;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Drives many runs in the background, a limited number at once, the others in the order in which they came.</summary>
internal sealed class RunSupervisor(RunControl control, EventFeed feed, PendingDecisions decisions, DaemonLimits limits)
{
    private const int MaxFailures = 1000;

    private readonly FairGate _places = new(limits.LiveRuns);
    private readonly ConcurrentDictionary<RunId, Driven> _runs = new();
    private readonly ConcurrentDictionary<RunId, byte> _claims = new();
    private readonly ConcurrentDictionary<RunId, string> _failures = new();
    private volatile bool _closing;

    public int Live => _places.Inside;

    public int Queued => _places.Waiting;

    /// <summary>Whether a run is driven or waits for its turn.</summary>
    public bool IsBusy(RunId run) => _runs.ContainsKey(run) || control.IsDriven(run);

    /// <summary>Why a run stopped without its journal saying so: a full disk, a damaged record; null when it did not.</summary>
    public string? FailureOf(RunId run) => _failures.GetValueOrDefault(run);

    /// <summary>Begins to drive a run; nothing happens when it is driven already.</summary>
    public void Start(RunId run, ICodeAgent? agent)
    {
        if (_closing)
        {
            throw new ConflictException("The daemon is stopping.");
        }

        if (_places.Waiting >= limits.WaitingRuns)
        {
            throw new ConflictException($"{limits.WaitingRuns} runs wait for their turn already: resume {run} later.");
        }

        if (IsBusy(run))
        {
            return;
        }

        using var claim = Claim(run);
        var driven = new Driven();
        _failures.TryRemove(run, out _);
        _runs[run] = driven;
        driven.Task = Task.Run(() => DriveAsync(run, agent, driven));
    }

    /// <summary>Pauses or cancels a run, driven or not.</summary>
    public async Task StopAsync(RunId run, bool pause, string reason, CancellationToken cancellationToken)
    {
        if (_runs.TryGetValue(run, out var driven))
        {
            driven.Stop.Request(pause ? StopKind.Pause : StopKind.Cancel, reason);
            await driven.Task.WaitAsync(cancellationToken);
        }
        else if (control.IsDriven(run))
        {
            // The run above it waits for its end; a pause would never let it go on.
            if (pause)
            {
                throw new ConflictException($"Run {run} is driven by the run above it: pause that one.");
            }

            control.RequestStop(run, StopKind.Cancel, reason);
            return;
        }

        // Also when it was being paused and is now to be cancelled.
        using var claim = Claim(run);
        await control.StopAsync(run, pause, reason, cancellationToken);
    }

    /// <summary>Makes sure that nobody drives the run until the claim is disposed.</summary>
    public IDisposable Claim(RunId run)
    {
        if (!_claims.TryAdd(run, 0))
        {
            throw new ConflictException($"Run {run} is busy with another request; try again.");
        }

        if (IsBusy(run))
        {
            _claims.TryRemove(run, out _);
            throw new ConflictException($"Run {run} is at work: `cairn pause {run}` first.");
        }

        return new Claimed(_claims, run);
    }

    /// <summary>Stops driving without a word in the journals, so that the next daemon goes on.</summary>
    public async Task AbandonAsync(CancellationToken cancellationToken)
    {
        _closing = true;
        var all = _runs.Values.ToList();
        foreach (var driven in all)
        {
            driven.Stop.Request(StopKind.Abandon, "the daemon stops");
        }

        await Task.WhenAll(all.Select(d => d.Task)).WaitAsync(cancellationToken);
    }

    private async Task DriveAsync(RunId run, ICodeAgent? agent, Driven driven)
    {
        try
        {
            using var place = await PlaceAsync(driven.Stop);
            if (driven.Stop.Kind != StopKind.Abandon)
            {
                await control.DriveAsync(run, agent, feed, driven.Stop);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // One run's trouble is not the others'. Its journal holds what was acknowledged, and it can be resumed.
            if (_failures.Count < MaxFailures)
            {
                _failures[run] = e is IOException or CairnException or InvalidDataException or WorkspaceException
                    ? e.Message
                    : $"{e.GetType().Name}: {e.Message}";
            }
        }
        finally
        {
            _runs.TryRemove(run, out _);
            decisions.Close(run);
            driven.Stop.Dispose();
            feed.Wake(run);
        }
    }

    /// <summary>A place among the live runs; null when the run was stopped before it got one.</summary>
    private async Task<IDisposable?> PlaceAsync(RunStop stop)
    {
        try
        {
            return await _places.EnterAsync(stop.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private sealed class Driven
    {
        public RunStop Stop { get; } = new();

        public Task Task { get; set; } = Task.CompletedTask;
    }

    private sealed class Claimed(ConcurrentDictionary<RunId, byte> claims, RunId run) : IDisposable
    {
        public void Dispose() => claims.TryRemove(run, out _);
    }
}
