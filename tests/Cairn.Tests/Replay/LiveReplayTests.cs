using Cairn.Host;
using Cairn.Kernel;
using Cairn.Sdk;
using Cairn.Storage;

namespace Cairn.Tests.Replay;

public sealed class LiveReplayTests : IDisposable
{
    private static readonly (string Tool, string Arguments)[] TwoReads = [("read", """{"path":"a","lines":[1,2]}"""), ("read", """{"path":"b"}""")];
    private readonly StateStore _store = ScriptedRun.NewStore(new SimulatedDisk(1));
    private readonly Models _models = new();
    private readonly ScriptedRun _run;

    public LiveReplayTests()
    {
        _run = ScriptedRun.Start(_store, "one").Answer("I look at it", TwoReads).Finish("A").Finish("B").Answer("done", ("complete", "{}")).Finish("ok");
    }

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task The_same_answers_pass_whatever_ids_and_white_space_the_provider_uses_now()
    {
        _models.Answers = [Answer("I look at it", ("read", """{ "lines": [1, 2], "path": "a" }"""), TwoReads[1]), Answer("done", ("complete", "{ }"))];
        var view = await Replay();
        Assert.True(view.Passed);
        Assert.Equal((2, 0, 0, 0), (view.Same, view.Drifted, view.Unanswered, view.LengthDifferences));
        Assert.StartsWith("not offered", view.Logprobs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_model_sees_each_recorded_prompt_byte_for_byte_and_the_journal_stays_as_it_is()
    {
        _models.Answers = [Answer("something else"), Answer("else again")];
        var before = RunHistory.Records(_store.Journal, _run.Run);
        await Replay();
        var recorded = before.Select(r => r.Event).OfType<ModelCallStarted>().Select(e => e.Prompt);
        Assert.Equal(recorded, _models.Asked.Select(r => BlobHash.Of(PromptRenderer.CanonicalBytes(r with { Model = "test:one" }))));
        Assert.Equal(before.Select(r => r.Chain), RunHistory.Records(_store.Journal, _run.Run).Select(r => r.Chain));
    }

    // Pairing two answers by zip passes every answer that is a beginning of the other.
    [Theory]
    [InlineData("I look at", 2)]
    [InlineData("I look at it now", 2)]
    [InlineData("", 2)]
    [InlineData("I look at it", 1)]
    [InlineData("I look at it", 0)]
    [InlineData("I look at it", 3)]
    public async Task A_shorter_or_longer_answer_is_a_difference_and_counted_as_one_in_length(string text, int calls)
    {
        _models.Answers = [Answer(text, [.. TwoReads.Append(("read", "{}")).Take(calls)]), Answer("done", ("complete", "{}"))];
        var view = await Replay();
        Assert.False(view.Passed);
        Assert.Equal((1, 1, 1), (view.Same, view.Drifted, view.LengthDifferences));
        Assert.Equal(calls == 2, view.Steps[0].Calls.IsEmpty);
    }

    [Fact]
    public async Task A_replay_that_stops_early_never_passes()
    {
        _models.Answers = [Answer("I look at it", TwoReads)];
        var view = await Replay();
        Assert.Equal((1, 0, 1, false), (view.Same, view.Drifted, view.Unanswered, view.Passed));
        Assert.Equal(2, view.Steps.Length);
    }

    [Fact]
    public async Task Texts_calls_and_finish_reasons_are_told_apart()
    {
        _models.Answers =
        [
            Answer("I look at IT", TwoReads[1], TwoReads[0]),
            ModelOutcome.Answered(Answer("done", ("write", "{}")).Response! with { Finish = FinishReason.Length }),
        ];
        var view = await Replay();
        var (first, second) = (view.Steps[0], view.Steps[1]);
        Assert.Equal((10, 12, 12), (first.Text!.FirstDifference, first.Text.RecordedLength, first.Text.LiveLength));
        Assert.InRange(first.Text.Similarity, 0.5, 0.99);
        Assert.Equal(["call 1: read has other arguments", "call 2: read has other arguments"], first.Calls);
        Assert.Equal(["call 1: write instead of complete"], second.Calls);
        Assert.Equal((FinishReason.ToolCalls, FinishReason.Length), (second.RecordedFinish, second.LiveFinish!.Value));
        Assert.False(first.LengthDiffers || second.LengthDiffers);
    }

    [Fact]
    public async Task Tokens_and_money_are_counted_and_a_budget_bounds_them_before_the_call()
    {
        _models.Answers = [Answer("I look at it", TwoReads), Answer("done", ("complete", "{}"))];
        var reserved = RunHistory.Events(_store.Journal, _run.Run).OfType<ModelCallStarted>().Max(e => e.ReservedTokens);
        var whole = await Replay(new() { BudgetTokens = reserved + 1100 });
        Assert.Equal((2, 2200, 0.0024m), (whole.Same, whole.Usage.Total, whole.Usd));

        _models.Asked.Clear();
        var less = await Replay(new() { BudgetTokens = reserved });
        Assert.Equal((1, 1, false), (less.Same, less.Unanswered, less.Passed));
        Assert.StartsWith("not asked", less.Steps[1].Problem, StringComparison.Ordinal);
        Assert.Single(_models.Asked);

        _models.Asked.Clear();
        Assert.Equal(2, (await Replay(new() { BudgetUsd = 0.000001m })).Unanswered);
        Assert.Empty(_models.Asked);
    }

    [Fact]
    public async Task Another_model_is_asked_when_one_is_named_and_an_unknown_one_is_an_error()
    {
        _models.Answers = [Answer("I look at it", TwoReads), Answer("done", ("complete", "{}"))];
        var view = await Replay(new() { Model = "test:two" });
        Assert.All(view.Steps, s => Assert.Equal("test:two", s.Model));
        await Assert.ThrowsAsync<UserException>(() => Replay(new() { Model = "nobody:x" }));
    }

    [Fact]
    public async Task A_failure_that_may_pass_is_tried_again_and_one_that_does_not_is_told()
    {
        _models.Answers =
        [
            ModelOutcome.Failed(ModelErrorKind.Unavailable, "busy", TimeSpan.FromMilliseconds(1)), Answer("I look at it", TwoReads),
            ModelOutcome.Failed(ModelErrorKind.Unauthorized, "no key"),
        ];
        var view = await Replay();
        Assert.Equal((1, 1), (view.Same, view.Unanswered));
        Assert.Contains("no key", view.Steps[1].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_probabilities_are_asked_for_and_compared_where_they_were_recorded()
    {
        var run = ScriptedRun.Start(_store, "sure");
        run.Logprobs = [new("I", -0.5), new(" look", -1), new(" at", -2)];
        run.Answer("I look at it", TwoReads).Finish("A").Finish("B").Logprobs = null;
        run.Answer("done", ("complete", "{}")).Finish("ok");
        var first = Answer("I look at it", TwoReads).Response! with { Logprobs = [new("I", -0.5), new(" look", -1.3), new(" it", -2)] };
        _models.Answers = [ModelOutcome.Answered(first), Answer("done", ("complete", "{}"))];

        var view = await Replay(run: run.Run);
        Assert.True(view.Passed);
        Assert.Equal([true, false], _models.Asked.Select(r => r.Logprobs));
        var drift = view.Steps[0].Logprobs!;
        Assert.Equal((3, 3, 2), (drift.RecordedTokens, drift.LiveTokens, drift.Compared));
        Assert.Equal(0.15, drift.MeanDifference, 9);
        Assert.Equal(0.3, drift.LargestDifference, 9);
        Assert.Null(view.Steps[1].Logprobs);
        Assert.StartsWith("compared in 1 steps over 2 tokens", view.Logprobs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_without_a_model_has_nothing_to_ask()
    {
        var code = ScriptedRun.Start(_store, "code", kind: AgentKind.Code).Calls("read", "{}").Finish("text");
        await Assert.ThrowsAsync<UserException>(() => Replay(new(), code.Run));
    }

    private static ModelOutcome Answer(string text, params (string Tool, string Arguments)[] calls) => ModelOutcome.Answered(new ModelResponse
    {
        Text = text,
        ToolCalls = [.. calls.Select((c, i) => new ModelToolCall($"live{i}", c.Tool, c.Arguments))],
        Finish = FinishReason.ToolCalls,
        Usage = new(1000, 100),
        CostUsd = 0.0012m,
    });

    private Task<DriftView> Replay(LiveReplayOptions? options = null, RunId? run = null) =>
        new LiveReplay(_store.Journal, _store.Blobs, _models, TimeProvider.System).RunAsync(run ?? _run.Run, options ?? new(), null, TestContext.Current.CancellationToken);

    /// <summary>Models of one provider that give their answers in order, then none.</summary>
    private sealed class Models : IModelCatalog, IModel
    {
        public IReadOnlyList<ModelOutcome> Answers { get; set; } = [];

        public List<ModelRequest> Asked { get; } = [];

        public ModelInfo Info { get; } = new("test", "one", 100_000, 4_000) { InputPrice = 1, OutputPrice = 2 };

        public ValueTask<(IModel? Model, string? Problem)> OpenAsync(string id, CancellationToken cancellationToken) =>
            new(id.StartsWith("test:", StringComparison.Ordinal) ? (this, null) : (null, $"There is no model {id}."));

        public ValueTask<IReadOnlyList<ModelAvailability>> FindAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
        {
            Asked.Add(request);
            return Task.FromResult(Asked.Count <= Answers.Count ? Answers[Asked.Count - 1] : ModelOutcome.Failed(ModelErrorKind.Invalid, "no more"));
        }
    }
}
