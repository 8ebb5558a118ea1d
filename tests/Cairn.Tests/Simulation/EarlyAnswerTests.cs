using Cairn.Host;
using Cairn.Host.Simulation;

namespace Cairn.Tests.Simulation;

/// <summary>When an agent learns what it asked: before or after that is durable.</summary>
public sealed class EarlyAnswerTests
{
    private static readonly ScriptedCall Append = ScriptedCall.Of("append", "counter 1");

    [Fact]
    public void An_agent_is_told_only_what_is_durable()
    {
        var (agent, _) = Play(onlyComputes: false, Append, Append, Append);
        Assert.Equal([1, 2, 3], agent.Durable);
    }

    [Fact]
    public void An_agent_that_only_computes_is_told_before_and_each_answer_is_written_with_the_next_call()
    {
        var (agent, journal) = Play(onlyComputes: true, Append, Append, Append);
        Assert.Equal([0, 1, 2], agent.Durable);
        string[] expected =
        [
            "AgentCalled ToolCallStarted",
            "ToolCallFinished AgentCalled ToolCallStarted",
            "ToolCallFinished AgentCalled ToolCallStarted",
            "ToolCallFinished AgentFinished RunEnded",
        ];
        Assert.Equal(expected, journal.Appends);
    }

    [Fact]
    public void What_came_from_outside_is_durable_before_even_that_agent_is_told()
    {
        var (agent, _) = Play(
            onlyComputes: true, ScriptedCall.Of("charge", "one"), ScriptedCall.Of("notify", "two"), new ScriptedCall("ask_human", """{"question":"Which?","options":[]}"""));
        Assert.Equal([1, 2, 3], agent.Durable);
    }

    [Fact]
    public void Calls_that_are_refused_do_not_pile_up_before_the_journal()
    {
        var (agent, journal) = Play(onlyComputes: true, [.. Enumerable.Repeat(new ScriptedCall("append", "{}"), 200)]);
        Assert.Equal(200, agent.Durable.Count);
        Assert.Equal(4, journal.Appends.Count);
    }

    [Fact]
    public void An_agent_that_waits_against_its_word_has_its_last_answer_written_meanwhile()
    {
        var (agent, journal) = Play(onlyComputes: true, Append, new ScriptedCall("", "wait"), Append);
        Assert.Equal([0, 1, 1], agent.Durable);
        Assert.Equal("ToolCallFinished", journal.Appends[1]);
    }

    private static (Prober Agent, CountingJournal Journal) Play(bool onlyComputes, params ScriptedCall[] calls)
    {
        var machine = new SimulatedMachine(1, Plant.None);
        Prober? agent = null;
        CountingJournal? journal = null;
        new SimulatedScheduler(1, machine.Time).Run(
            async () =>
            {
                using var process = new SimulatedProcess(machine, Scenarios.Find("code"), new Acknowledged());
                agent = new(calls, onlyComputes, process);
                var run = await process.EnsureAsync("rprobe", null, r => r with { Merge = MergeMode.Never, Code = agent });
                journal = new(process.Services.Journal);
                await new RunControl(process.Services with { Journal = journal }).DriveAsync(run, agent, NoObserver.Instance, CancellationToken.None);
            },
            () => false);
        return (agent!, journal!);
    }

    /// <summary>Looks into the journal after each answer, which no agent may.</summary>
    private sealed class Prober(ScriptedCall[] calls, bool onlyComputes, SimulatedProcess process) : ICodeAgent
    {
        public string Name => "prober";

        public bool OnlyComputes => onlyComputes;

        /// <summary>Durable answers after each call.</summary>
        public List<int> Durable { get; } = [];

        public async Task<AgentResult> RunAsync(ISyscalls kernel, CancellationToken cancellationToken)
        {
            foreach (var call in calls)
            {
                if (call.Tool.Length == 0)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), process.Time, cancellationToken);
                }
                else
                {
                    await kernel.CallAsync(call.Tool, call.Arguments, cancellationToken);
                }

                Durable.Add(process.Services.Journal.Read(kernel.Run).Count(r => r.Event is ToolCallFinished or DecisionMade));
            }

            return new(true, "done");
        }
    }

    private sealed class CountingJournal(IJournal journal) : IJournal
    {
        public List<string> Appends { get; } = [];

        public ValueTask<IReadOnlyList<JournalRecord>> AppendAsync(
            RunId run, long expectedSeq, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken)
        {
            Appends.Add(string.Join(' ', events.Select(e => e.GetType().Name)));
            return journal.AppendAsync(run, expectedSeq, events, cancellationToken);
        }

        public IReadOnlyList<JournalRecord> Read(RunId run, long fromSeq = 0) => journal.Read(run, fromSeq);

        public IReadOnlyList<RunHead> Runs() => journal.Runs();
    }
}
