using Cairn.Host;
using Cairn.Host.Simulation;
using Cairn.Kernel;

namespace Cairn.Tests.Simulation;

public sealed class CodeAgentRecoveryTests
{
    [Fact]
    public void A_human_s_leave_to_issue_a_call_again_is_not_the_answer_to_that_call()
    {
        var machine = new SimulatedMachine(1, Plant.None);
        var agent = new Notifier();
        RunState? end = null;
        new SimulatedScheduler(1, machine.Time).Run(
            async () =>
            {
                using var process = new SimulatedProcess(machine, Scenarios.Find("code"), new Acknowledged());
                var run = await process.EnsureAsync("rtest", null, r => r with { Merge = MergeMode.Never, Code = agent });
                await PlayAsync(process, run);
                await process.FinishAsync(run, agent);
                end = RunHistory.State(process.Services.Journal, run);
            },
            () => false);
        Assert.Equal("done: two", end!.Reason);
        Assert.Equal(["two"], machine.Server.Done);
    }

    /// <summary>Two crashes: one before the outcome was known, one after a human said that the call may be issued again.</summary>
    private static async Task PlayAsync(SimulatedProcess process, RunId run)
    {
        var arguments = process.Services.Blobs.PutText("", Notifier.Call.Arguments).Body;
        RunEvent[] events =
        [
            new AgentCalled("notify", arguments, default),
            Intent(),
            new RunRecovered("resume"),
            new DecisionRequested(DecisionId.Parse("d1"), "unknown-effect", process.Services.Blobs.PutText("", "?").Body, ["yes", "no"], CallId.Parse("1.1.1")),
            new DecisionMade(DecisionId.Parse("d1"), process.Services.Blobs.PutText("", "yes").Body, 1, true, "human"),
            Intent(),
        ];
        await process.Services.Journal.AppendAsync(run, 1, events, TestContext.Current.CancellationToken);

        ToolCallStarted Intent() => new(CallId.Parse("1.1.1"), 1, "notify", arguments, EffectClass.ExternalUnkeyed, null, default);
    }

    private sealed class Notifier : ICodeAgent
    {
        public static ScriptedCall Call { get; } = ScriptedCall.Of("notify", "two");

        public string Name => "notifier";

        public async Task<AgentResult> RunAsync(ISyscalls kernel, CancellationToken cancellationToken) =>
            new(true, (await kernel.CallAsync(Call.Tool, Call.Arguments, cancellationToken)).Text);
    }
}
