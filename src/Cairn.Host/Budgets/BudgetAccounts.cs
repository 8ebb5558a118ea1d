using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Opens the accounts of a run and of all below it from what their journals say was spent.</summary>
internal sealed class BudgetAccounts(IJournal journal, BudgetLedger ledger)
{
    /// <summary>Opens them. A child's account is opened under its parent's, which is open already.</summary>
    public void Open(RunId run, RunState state) => Open(run, state, journal.Read(run));

    /// <summary>Opens them, when the run's records are at hand.</summary>
    public void Open(RunId run, RunState state, IEnumerable<JournalRecord> records)
    {
        ledger.Open(run, state.Spec.Parent, state.Spec.Limits, state.Spending.Usage.Total, state.Spending.Usd);
        foreach (var child in Children(run, records))
        {
            Open(child, RunHistory.State(journal, child));
        }
    }

    /// <summary>Closes the tree's accounts when its root is no longer driven.</summary>
    public IDisposable? ClosingOf(RunId run, RunState state) => state.Spec.Parent is null ? new Closing(ledger, run) : null;

    private IEnumerable<RunId> Children(RunId run, IEnumerable<JournalRecord> records)
    {
        foreach (var call in records.Where(r => r.Run == run).Select(r => r.Event).OfType<ToolCallStarted>().Where(c => c.Tool == KernelTools.Spawn))
        {
            for (var i = 0; SpawnOperation.ChildId(run, call.Call, i) is var child && journal.Read(child).Count > 0; i++)
            {
                yield return child;
            }
        }
    }

    private sealed class Closing(BudgetLedger ledger, RunId root) : IDisposable
    {
        public void Dispose() => ledger.Close(root);
    }
}
