using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Host;
using Cairn.Kernel;
using Cairn.Storage;
using Cairn.Tests.Replay;
using RunPhase = Cairn.Kernel.RunPhase;

namespace Cairn.Tests.Policy;

/// <summary>Runs act under their policy: the kernel decides, the journal says by which rules.</summary>
public sealed class PolicyRunTests
{
    private const string Rules = """
        @id("tools") permit (principal, action in [Action::"tool.call", Action::"model.call"], resource);
        @id("read") permit (principal, action == Action::"fs.read", resource);
        @id("no-secrets") @reason("ask a human for it") forbid (principal, action, resource is File) when { resource.path like "secrets/*" };
        """;

    private static readonly PolicyBinding Policy = new("rules", BlobHash.OfText(Rules), Rules, null);

    [Fact]
    public void A_call_that_the_policy_forbids_is_answered_with_its_rule_and_never_run()
    {
        using var store = ScriptedRun.NewStore(new SimulatedDisk(1));
        var run = ScriptedRun.Start(store, "r", policy: Policy)
            .Answer("", ("read_file", """{"path":"a"}"""), ("read_file", """{"path":"x/../secrets/key"}"""), ("write_file", """{"path":"a"}"""));
        Assert.Single(run.Open.OfType<RunTool>());
        run.Finish("text");
        var events = store.Journal.Read(run.Run).Select(r => r.Event).ToList();
        Assert.Equal(["tools", "read"], Assert.Single(events.OfType<ToolCallStarted>()).Policy!.Rules);
        var denied = events.OfType<ToolCallDenied>().ToList();
        Assert.Equal([["no-secrets"], []], denied.Select(d => d.Policy.Rules.ToArray()));
        Assert.All(denied, d => Assert.Equal((Policy.Hash, false), (d.Policy.Policy, d.Policy.Allowed)));
        Assert.Equal([ToolStatus.Ok, ToolStatus.Denied, ToolStatus.Denied], run.State.History[0].Turn!.Calls.Select(c => c.Status));
        Assert.Contains("rule 'no-secrets' forbids it: ask a human for it", store.Blobs.GetText(denied[0].Result), StringComparison.Ordinal);
        Assert.Contains("fs.write on File 'a': no rule permits it", store.Blobs.GetText(denied[1].Result), StringComparison.Ordinal);

        // The agent sees it as the call's result and goes on.
        Assert.IsType<AskModel>(Assert.Single(run.Open.OfType<AskModel>()));
        var report = ReplayVerifier.Verify(store.Journal, store.Blobs, run.Run);
        Assert.True(report.Passed, report.Difference);
    }

    [Fact]
    public void A_replay_decides_again_and_finds_a_decision_that_the_policy_does_not_give()
    {
        foreach (var forge in new Func<RunEvent, RunEvent>[]
        {
            e => e is ToolCallStarted s ? s with { Policy = null } : e,
            e => e is ToolCallStarted s ? s with { Policy = s.Policy! with { Rules = ["read"] } } : e,
            e => e is ToolCallStarted s ? s with { Policy = s.Policy! with { Policy = BlobHash.OfText("other") } } : e,
            e => e is ToolCallDenied d ? d with { Policy = d.Policy with { Rules = ["tools"] } } : e,
            e => e is ToolCallDenied d ? d with { Result = BlobHash.OfText("text") } : e,
        })
        {
            using var honest = ScriptedRun.NewStore(new SimulatedDisk(1));
            var run = ScriptedRun.Start(honest, "r", policy: Policy)
                .Answer("", ("read_file", """{"path":"a"}"""), ("read_file", """{"path":"secrets/key"}""")).Finish("text");
            var state = Cairn.Kernel.RunState.New;
            var asked = true;
            foreach (var e in honest.Journal.Read(run.Run).Select(r => forge(r.Event)))
            {
                asked &= e is not (ToolCallStarted or ToolCallDenied) || Cairn.Kernel.Kernel.Asks(state, e);
                state = Cairn.Kernel.Kernel.Apply(state, e);
            }

            Assert.False(asked);
        }
    }

    [Fact]
    public void A_run_without_a_policy_writes_what_it_always_wrote()
    {
        using var store = ScriptedRun.NewStore(new SimulatedDisk(1));
        var run = ScriptedRun.Start(store, "r").Answer("", ("write_file", """{"path":"secrets/key"}""")).Finish("ok");
        Assert.All(store.Journal.Read(run.Run), r =>
        {
            var json = JsonSerializer.Serialize(r.Event, CairnJson.Default.RunEvent);
            Assert.DoesNotContain("olicy", json, StringComparison.Ordinal);
            Assert.DoesNotContain("needs", json, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_model_that_the_policy_does_not_permit_is_never_asked()
    {
        const string silent = """permit (principal, action == Action::"tool.call", resource);""";
        using var store = ScriptedRun.NewStore(new SimulatedDisk(1));
        var run = ScriptedRun.Start(store, "r", policy: new("silent", BlobHash.OfText(silent), silent, null));
        Assert.Equal((RunPhase.Ended, RunOutcome.Failed), (run.State.Phase, run.State.Outcome));
        Assert.Contains("model.call on Model 'test:one': no rule permits it", run.State.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(store.Journal.Read(run.Run), r => r.Event is ModelCallStarted);
    }

    [Fact]
    public void A_fork_stays_under_the_policy_of_its_source()
    {
        using var store = ScriptedRun.NewStore(new SimulatedDisk(1));
        var run = ScriptedRun.Start(store, "r", policy: Policy).Answer("", ("read_file", """{"path":"a"}""")).Finish("text");
        var fork = run.Fork("f", 1, "test:two").Happen(new RunRecovered("resume")).Answer("", ("read_file", """{"path":"secrets/key"}"""));
        Assert.Single(store.Journal.Read(fork.Run).Select(r => r.Event).OfType<ToolCallDenied>());
    }

    [Fact]
    public void A_call_whose_needs_are_not_on_record_is_denied()
    {
        var state = Cairn.Kernel.Kernel.Fold([Spec(AgentKind.Code), new AgentCalled("read_file", BlobHash.OfText("{}"), default)]);
        var deny = Assert.IsType<DenyTool>(Assert.Single(Cairn.Kernel.Kernel.Decide(state)));
        Assert.False(deny.Policy.Allowed);
    }

    [Fact]
    public void An_agent_may_always_say_that_it_is_done()
    {
        const string nothing = """permit (principal, action == Action::"model.call", resource);""";
        using var store = ScriptedRun.NewStore(new SimulatedDisk(1));
        var run = ScriptedRun.Start(store, "r", policy: new("nothing", BlobHash.OfText(nothing), nothing, null))
            .Answer("", ("read_file", "{}")).Answer("", ("complete", "{}")).Finish("ok");
        Assert.Equal(RunOutcome.Succeeded, run.State.Outcome);
    }

    [Fact]
    public void Who_insists_on_what_is_denied_runs_into_the_limit_of_errors()
    {
        using var store = ScriptedRun.NewStore(new SimulatedDisk(1));
        var run = ScriptedRun.Start(store, "r", limits: new RunLimits { ErrorsInARow = 3 }, policy: Policy);
        for (var i = 0; i < 3; i++)
        {
            run.Answer("", ("write_file", """{"path":"a"}"""));
        }

        Assert.Equal((RunPhase.Ended, RunOutcome.OverBudget), (run.State.Phase, run.State.Outcome));
    }

    [Theory]
    [InlineData("permit (principal, action, resource)")]
    [InlineData("")]
    public void A_first_record_whose_policy_is_not_what_it_says_is_refused(string text)
    {
        var spec = Spec(AgentKind.Code) with { Policy = Policy with { Text = text, Hash = text.Length == 0 ? Policy.Hash : BlobHash.OfText(text) } };
        Assert.Throws<JournalMeaningException>(() => Cairn.Kernel.Kernel.Fold([spec]));
    }

    private static RunStarted Spec(AgentKind kind) =>
        Tests.Kernel.Scripted.Spec(kind: kind) with { Policy = Policy, Agent = new AgentSpec(kind, "a", null, default, 0, ImmutableArray<ToolBinding>.Empty) };
}
