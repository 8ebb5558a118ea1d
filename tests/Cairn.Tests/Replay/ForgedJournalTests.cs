using Cairn.Host;
using Cairn.Storage;

namespace Cairn.Tests.Replay;

/// <summary>
/// Somebody who can write the journal alters an event and computes every chain value anew: on disk all is well. The kernel
/// still knows what it would have asked for, in which state and with which prompt.
/// </summary>
public sealed class ForgedJournalTests : IDisposable
{
    private static readonly BlobHash Other = BlobHash.OfText("something else");
    private readonly StateStore _store = ScriptedRun.NewStore(new SimulatedDisk(1));
    private readonly IReadOnlyList<RunEvent> _events;

    public ForgedJournalTests()
    {
        var run = ScriptedRun.Start(_store, "one", judge: new("true"), merge: MergeMode.Ask)
            .FailModel(ModelErrorKind.Unavailable)
            .Answer("ask", ("ask_human", "{}"), ("read", "{}")).Decide("this", yes: true).Finish("text")
            .Answer("fix", ("write", "{}"), ("complete", "{}")).Finish("written", layer: "la").Finish("ok")
            .Judge(true).Decide("yes", yes: true).Merge();
        _events = RunHistory.Events(_store.Journal, run.Run);
        Assert.Equal(Cairn.Kernel.RunPhase.Ended, run.State.Phase);
    }

    /// <summary>Each intent with each thing in it that the kernel decides, and the words that the difference is told with.</summary>
    public static TheoryData<string> Forgeries => [.. Intents.Keys];

    private static Dictionary<string, Func<RunEvent, RunEvent>> Intents { get; } = new()
    {
        ["model: step"] = e => e is ModelCallStarted x ? x with { Step = x.Step + 1 } : e,
        ["model: attempt"] = e => e is ModelCallStarted x ? x with { Attempt = x.Attempt + 1 } : e,
        ["model: name"] = e => e is ModelCallStarted x ? x with { Model = "test:two" } : e,
        ["model: prompt"] = e => e is ModelCallStarted x ? x with { Prompt = Other } : e,
        ["model: tokens"] = e => e is ModelCallStarted x ? x with { ReservedTokens = x.ReservedTokens - 1 } : e,
        ["model: money"] = e => e is ModelCallStarted x ? x with { ReservedUsd = x.ReservedUsd + 1 } : e,
        ["model: state"] = e => e is ModelCallStarted x ? x with { State = Other } : e,
        ["tool: name"] = e => e is ToolCallStarted x ? x with { Tool = "deploy" } : e,
        ["tool: call"] = e => e is ToolCallStarted x ? x with { Call = CallId.Parse("9.9.9") } : e,
        ["tool: step"] = e => e is ToolCallStarted x ? x with { Step = x.Step + 1 } : e,
        ["tool: arguments"] = e => e is ToolCallStarted x ? x with { Arguments = Other } : e,
        ["tool: effect"] = e => e is ToolCallStarted x ? x with { Effect = EffectClass.ExternalUnkeyed } : e,
        ["tool: layer"] = e => e is ToolCallStarted x ? x with { Layer = LayerId.Parse("lx") } : e,
        ["tool: state"] = e => e is ToolCallStarted x ? x with { State = Other } : e,
        ["decision: id"] = e => e is DecisionRequested x ? x with { Decision = DecisionId.Parse("d9") } : e,
        ["decision: kind"] = e => e is DecisionRequested x ? x with { Kind = "authorise" } : e,
        ["decision: call"] = e => e is DecisionRequested x ? x with { Call = CallId.Parse("9.9.9") } : e,
        ["judge: round"] = e => e is JudgeStarted x ? x with { Round = 2 } : e,
        ["judge: layer"] = e => e is JudgeStarted x ? x with { Layer = null } : e,
        ["judge: state"] = e => e is JudgeStarted x ? x with { State = Other } : e,
        ["merge: state"] = e => e is MergeStarted x ? x with { State = Other } : e,
        ["end: outcome"] = e => e is RunEnded x ? x with { Outcome = RunOutcome.Failed } : e,
        ["end: reason"] = e => e is RunEnded x ? x with { Reason = "because" } : e,
        ["end: state"] = e => e is RunEnded x ? x with { State = Other } : e,
        ["state: none"] = e => e is ToolCallStarted x ? x with { State = default } : e,
    };

    public void Dispose() => _store.Dispose();

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void An_altered_intent_is_found_although_every_chain_value_is_right(string forgery)
    {
        for (var at = 0; at < _events.Count; at++)
        {
            var forged = Intents[forgery](_events[at]);
            if (forged == _events[at])
            {
                continue;
            }

            var report = Verify(at, forged);
            Assert.False(report.Passed, $"{forgery} at record {at}");
            Assert.StartsWith($"record {at} of one", report.Difference, StringComparison.Ordinal);
            return;
        }

        Assert.Fail("no record was altered");
    }

    [Fact]
    public void Every_result_that_feeds_state_or_prompts_is_found_at_the_next_intent_at_the_latest()
    {
        for (var at = 0; at < _events.Count; at++)
        {
            RunEvent? forged = _events[at] switch
            {
                RunStarted x => x with { Limits = x.Limits with { Steps = 7 } },
                ModelCallFailed x => x with { RetryAfter = TimeSpan.FromSeconds(99) },
                ModelCallFinished x => x with { Usage = new(1, 1) },
                ToolCallFinished x => x with { Result = _events.OfType<RunStarted>().First().Task.Body },
                DecisionMade { Approved: true } x => x with { Answer = _events.OfType<RunStarted>().First().Task.Body },
                _ => null,
            };
            // After the last answer to a human nothing is asked of the model again: see the test below.
            if (forged is not null && !(forged is DecisionMade && at > _events.Count - 6))
            {
                var report = Verify(at, forged);
                Assert.False(report.Passed, $"record {at}, {forged.GetType().Name}");
            }
        }
    }

    [Fact]
    public void A_dropped_a_doubled_and_a_swapped_record_are_found()
    {
        for (var at = 1; at < _events.Count; at++)
        {
            // Without its last records a journal is that of a run that is still open: only anchors and receipts know better.
            Assert.True(at >= _events.Count - 1 || !Verify([.. _events.Where((_, i) => i != at)]).Passed, $"dropped {at}");
            Assert.False(Verify([.. _events.Take(at + 1), .. _events.Skip(at)]).Passed, $"doubled {at}");
            if (at + 1 < _events.Count)
            {
                Assert.False(Verify([.. _events.Take(at), _events[at + 1], _events[at], .. _events.Skip(at + 2)]).Passed, $"swapped {at}");
            }
        }
    }

    // What no fold can know: things that came from outside and that nothing later depends on. Receipts are for these.
    [Fact]
    public void What_only_receipts_can_prove_is_named_here_and_passes()
    {
        var unknowable = new Dictionary<Type, Func<RunEvent, RunEvent>>
        {
            [typeof(ToolCallFinished)] = e => ((ToolCallFinished)e) with { Milliseconds = 99_999 },
            [typeof(ModelCallFailed)] = e => ((ModelCallFailed)e) with { Message = "other words" },
            [typeof(DecisionMade)] = e => ((DecisionMade)e) with { By = "somebody else" },
        };
        foreach (var (type, forge) in unknowable)
        {
            var at = _events.ToList().FindIndex(e => e.GetType() == type);
            Assert.True(Verify(at, forge(_events[at])).Passed, type.Name);
        }

        Assert.True(Verify([.. _events.Take(_events.Count - 1)]).Passed);
        Assert.False(Verify([.. _events.Take(_events.Count - 1)]).Ended);
    }

    private ReplayReport Verify(int at, RunEvent forged) => Verify([.. _events.Take(at), forged, .. _events.Skip(at + 1)]);

    /// <summary>Writes the events into a journal of their own: records, checksums and chain are as they should be.</summary>
    private ReplayReport Verify(IReadOnlyList<RunEvent> events)
    {
        using var forged = ScriptedRun.NewStore(new SimulatedDisk(2));
        var run = RunId.Parse("one");
        forged.Journal.AppendAsync(run, 0, events, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        Assert.Empty(forged.Verify(CancellationToken.None));
        return ReplayVerifier.Verify(forged.Journal, _store.Blobs, run);
    }
}
