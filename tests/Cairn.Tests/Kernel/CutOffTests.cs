using Cairn.Kernel;

namespace Cairn.Tests.Kernel;

/// <summary>Calls that were cut off because the run was stopped.</summary>
public sealed class CutOffTests
{
    [Theory]
    [InlineData(EffectClass.Pure, true)]
    [InlineData(EffectClass.Sandboxed, true)]
    [InlineData(EffectClass.ExternalKeyed, true)]
    [InlineData(EffectClass.ExternalUnkeyed, false)]
    public void A_call_that_was_cut_off_is_due_again_unless_it_may_have_left_the_sandbox_without_a_key(EffectClass effect, bool again)
    {
        var spec = Scripted.Spec(kind: AgentKind.Code);
        var tool = spec.Agent.Tools.First(t => t.Effect == effect);
        RunEvent[] events = [spec, new AgentCalled(tool.Name, BlobHash.OfText("{}"), default)];
        var state = Cairn.Kernel.Kernel.Fold(events);
        var due = Assert.IsType<RunTool>(Assert.Single(Cairn.Kernel.Kernel.Decide(state)));
        var printed = BlobHash.OfText("printed so far");
        foreach (var e in new RunEvent[]
        {
            new ToolCallStarted(due.Call.Id, due.Step, tool.Name, due.Call.Arguments, effect, due.Layer, Cairn.Kernel.Kernel.Hash(state)),
            new ToolCallFinished(due.Call.Id, ToolStatus.Cancelled, printed, 4, null, 0, ToolSignal.None, null, 5),
            new RunStopRequested(true, "paused"),
        })
        {
            state = Cairn.Kernel.Kernel.Apply(state, e);
        }

        Assert.Empty(Cairn.Kernel.Kernel.Decide(state));
        Assert.Equal(printed, state.Turn!.Calls[0].Result);
        var next = Assert.Single(Cairn.Kernel.Kernel.Decide(Cairn.Kernel.Kernel.Apply(state, new RunRecovered("resume"))));
        Assert.Equal(again, next is RunTool);
        Assert.Equal(!again, next is AskHuman { Kind: "unknown-effect" });
    }
}
