using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Collects a daemon's state directory now and then.</summary>
/// <param name="Every">The time between two collections.</param>
/// <param name="Request">What to keep.</param>
public sealed record CollectionPlan(TimeSpan Every, CollectionRequest Request);

/// <summary>Carries a <see cref="CollectionPlan"/> out.</summary>
internal sealed class PeriodicCollection(DaemonRuns runs, CollectionPlan plan, TimeProvider time)
{
    /// <summary>What came of the last one, for people; null before the first.</summary>
    public string? Last { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(plan.Every, time);
        while (await NextAsync(timer, cancellationToken))
        {
            var at = time.GetUtcNow().ToString("u", System.Globalization.CultureInfo.InvariantCulture);
            try
            {
                var report = await runs.CollectAsync(plan.Request, cancellationToken);
                Last = $"{at}: {report.Runs.Count} runs, {report.Bytes} bytes";
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is CairnException or IOException or UnauthorizedAccessException or InvalidDataException or WorkspaceException)
            {
                // A collection only saves space: the next one tries again, and whoever asks how the daemon is reads why.
                Last = $"{at}: failed: {e.Message}";
            }
        }
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
