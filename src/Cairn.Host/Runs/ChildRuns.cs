using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>The runs below a run. Their ids follow from its spawn calls, so its journal is enough to find them.</summary>
internal static class ChildRuns
{
    /// <summary>Those that were started, in the order in which they were asked for.</summary>
    public static IEnumerable<RunId> Of(IJournal journal, IBlobStore blobs, RunId run)
    {
        foreach (var call in journal.Read(run).Select(r => r.Event).OfType<ToolCallStarted>().Where(c => c.Tool == KernelTools.Spawn).DistinctBy(c => c.Call))
        {
            // They start side by side: a crash may have left the last of them and not the first.
            var request = JsonSerializer.Deserialize(blobs.Get(call.Arguments), CairnJson.Default.SpawnRequest)!;
            for (var i = 0; i < request.Children.Length; i++)
            {
                var child = SpawnOperation.ChildId(run, call.Call, i);
                if (journal.Read(child).Count > 0)
                {
                    yield return child;
                }
            }
        }
    }

    /// <summary>
    /// Ends what is still open below a run: one that is paused, or that a crash left, would wait for ever for a run that is
    /// over. Each ends before the one above it, so that a crash in between leaves one that can still be found.
    /// </summary>
    public static async Task EndAsync(RunControl control, RunSession session)
    {
        if (session.State.Spec.Agent.Tools.All(t => t.Name != KernelTools.Spawn))
        {
            return;
        }

        foreach (var child in Of(session.Services.Journal, session.Services.Blobs, session.Run).Where(c => !control.IsDriven(c)).ToList())
        {
            await control.StopAsync(child, pause: false, $"run {session.Run} above it is over", CancellationToken.None);
        }
    }
}
