using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Opens the accounts of a run and of all below it from what their journals say was spent.</summary>
internal sealed class BudgetAccounts(RunServices services, BudgetLedger ledger)
{
    /// <summary>Opens them. A child's account is opened under its parent's, which is open already.</summary>
    public void Open(RunId run, RunState state)
    {
        ledger.Open(run, state.Spec.Parent, state.Spec.Limits, state.Spending.Usage.Total, state.Spending.Usd);
        if (state.Spec.Agent.Tools.All(t => t.Name != KernelTools.Spawn))
        {
            return;
        }

        foreach (var child in ChildRuns.Of(services.Journal, services.Blobs, run))
        {
            Open(child, RunHistory.State(services.Journal, child));
        }
    }

    /// <summary>Closes the tree's accounts when its root is no longer driven.</summary>
    public IDisposable? ClosingOf(RunId run, RunState state) => state.Spec.Parent is null ? new Closing(ledger, run) : null;

    private sealed class Closing(BudgetLedger ledger, RunId root) : IDisposable
    {
        public void Dispose() => ledger.Close(root);
    }
}
