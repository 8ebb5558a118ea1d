using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// Ends the shells of runs that are over, or gone: a process that was killed between a run's end and that of its shells
/// could not do it.
/// </summary>
internal static class OrphanedShells
{
    public static void End(RunServices services)
    {
        var shells = services.Layers.RunsWithShells();
        if (shells.Count == 0)
        {
            return;
        }

        var runs = services.Journal.Runs().Select(head => head.Run).ToHashSet();
        foreach (var run in shells)
        {
            if (!runs.Contains(run) || RunHistory.State(services.Journal, run).Phase == RunPhase.Ended)
            {
                services.Layers.EndShells(run);
            }
        }
    }
}
