using Cairn.Kernel;
using Cairn.Tests.Kernel;

namespace Cairn.Tests.Context;

public sealed class CompactionTests
{
    private static readonly ModelBinding Small = new("test:small", 20_000, 2_000, Recorded: true);

    [Fact]
    public void The_prompt_never_exceeds_the_window_minus_the_answer()
    {
        var random = new Random(7);
        var run = new Scripted(Scripted.Spec(new() { Steps = 200 }, model: Small));
        while (run.State.Phase != RunPhase.Ended)
        {
            var ask = run.Open.OfType<AskModel>().Single();
            Assert.True(ask.Plan.Tokens + ask.MaxOutputTokens <= Small.ContextTokens);
            run.Answer("read").Finish(tokens: random.Next(10, 4000));
        }

        Assert.Contains("200 steps", run.State.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Room_is_made_in_rare_large_moves_so_that_the_prefix_stays_the_same_for_many_steps()
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 60 }, model: Small));
        var windows = new List<BlobHash>();
        while (run.State.Phase != RunPhase.Ended)
        {
            windows.Add(run.Open.OfType<AskModel>().Single().Plan.Window.Digest);
            run.Answer("read").Finish(tokens: 1000);
        }

        Assert.InRange(windows.Distinct().Count(), 2, 20);
        Assert.Equal(run.State.Context!.Moves, windows.Distinct().Count() - 1);
    }

    [Fact]
    public void An_answer_that_was_left_out_names_its_address_and_the_newest_ones_are_whole()
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 30 }, model: Small));
        for (var i = 0; i < 12; i++)
        {
            run.Answer("read").Finish(tokens: 1500);
        }

        var results = Render(run).Messages.Where(m => m.Role == ChatRole.Tool).Select(m => m.Text).ToList();
        Assert.StartsWith("[left out to save room: the answer of this read call, about 1500 tokens; `recall` result:", results[0], StringComparison.Ordinal);
        Assert.All(results.TakeLast(3), text => Assert.Contains("\nresult of", text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_summary_stands_before_a_mere_address()
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 40 }, model: Small));
        for (var i = 0; i < 13; i++)
        {
            run.Answer("read").Finish(tokens: 1500, report: new() { Brief = new("", run.Put($"brief {i}"), 100) });
        }

        var results = Render(run).Messages.Where(m => m.Role == ChatRole.Tool).Select(m => m.Text).ToList();
        Assert.Contains("brief 0", results[0], StringComparison.Ordinal);
        Assert.Contains(run.Journal.OfType<ModelCallStarted>(), e => e.Context is { Summarised: > 0, Policy: "next-use@1" });
    }

    [Fact]
    public void A_reading_that_a_later_one_replaced_leaves_first()
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 60 }, model: Small));
        var version = BlobHash.OfText("x");
        run.Answer("read").Finish(tokens: 1200, report: new() { Files = [new("a.cs", version)] });
        run.Answer("read").Finish(tokens: 1200, report: new() { Files = [new("b.cs", version)] });
        run.Answer("read").Finish(tokens: 1200, report: new() { Files = [new("b.cs", version)] });
        while (run.State.Context!.Moves == 0)
        {
            run.Answer("read").Finish(tokens: 1200);
        }

        var window = run.State.Context!.Window;
        Assert.Equal(PageForm.Stub, window[1, 0]);
        Assert.Equal(1, run.State.Context.Last!.Fused);
    }

    [Fact]
    public void Even_a_newest_answer_that_is_larger_than_the_window_does_not_end_the_run()
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 10 }, model: Small));
        run.Answer("read", "read").Finish(tokens: 60_000).Finish(tokens: 60_000);
        Assert.NotEqual(RunPhase.Ended, run.State.Phase);
        Assert.True(run.Open.OfType<AskModel>().Single().Plan.Tokens < Small.ContextTokens);
    }

    [Fact]
    public void A_move_between_the_calls_of_one_turn_works_and_keeps_the_turn()
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 60 }, model: Small));
        for (var i = 0; i < 9; i++)
        {
            run.Answer("read").Finish(tokens: 1500);
        }

        run.Answer("read", "read").Finish(tokens: 9000);
        var middle = run.State with { Context = run.State.Context! with { Tokens = run.State.Context.Tokens + 9000 } };
        var (context, decision) = Compaction.Fit(middle);
        Assert.NotNull(decision);
        Assert.True(context.Tokens <= Room.Of(middle));
        Assert.Equal(middle.Turn, run.State.Turn);
        Assert.Empty(ContextAudit.Missing(middle, context.Window));
    }

    [Fact]
    public void A_prompt_that_the_provider_refuses_as_too_long_is_asked_again_shorter_and_the_agent_never_learns_of_it()
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 60, Attempts = 1 }, model: Small));
        for (var i = 0; i < 8; i++)
        {
            run.Answer("read").Finish(tokens: 1500);
        }

        var asked = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            asked.Add(run.Open.OfType<AskModel>().Single().Plan.Tokens);
            run.FailModel(ModelErrorKind.TooLong);
        }

        asked.Add(run.Open.OfType<AskModel>().Single().Plan.Tokens);
        Assert.Equal(asked.OrderDescending(), asked);
        Assert.Equal(asked.Count, asked.Distinct().Count());
        Assert.Equal(4, run.Journal.OfType<ModelCallFailed>().Count());
        Assert.DoesNotContain(Render(run).Messages, m => m.Text.Contains("too long", StringComparison.OrdinalIgnoreCase));
        run.Answer("read").Finish(tokens: 1500);
        Assert.True(run.Open.OfType<AskModel>().Single().Plan.Tokens <= asked[^1] * 1.34, "what was learned of the window counts from then on");
    }

    [Fact]
    public void What_a_provider_counts_beyond_the_bound_counts_from_then_on()
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 200 }, model: Small with { Recorded = false }));
        run.Answer(new ModelUsage(10, 10), "read").Finish(tokens: 1000);
        var asked = run.State.Context!.Asked;
        run.Answer(new ModelUsage(asked * 3 / 2, 10), "read").Finish(tokens: 1000);
        Assert.InRange(run.State.Context!.Calibration, 1500, 1600);
        for (var i = 0; i < 40; i++)
        {
            var ask = run.Open.OfType<AskModel>().Single();
            Assert.True(ask.Plan.Tokens + ask.MaxOutputTokens <= Small.ContextTokens);
            run.Answer(new ModelUsage(10, 10), "read").Finish(tokens: 1000);
        }
    }

    [Theory]
    [InlineData(null, "next-use@1")]
    [InlineData("lru", "lru@1")]
    [InlineData("two-queues", "two-queues@1")]
    public void A_run_names_its_policy_and_each_move_carries_the_hash_of_what_it_answers(string? name, string id)
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 60 }, model: Small) with { ContextPolicy = name });
        while (run.State.Context!.Moves == 0)
        {
            run.Answer("read").Finish(tokens: 1200);
        }

        var decision = run.Journal.OfType<ModelCallStarted>().Single(e => e.Context is not null).Context!;
        Assert.Equal((id, ContextPolicy.Of(name).Hash()), (decision.Policy, decision.PolicyHash));
        Assert.Equal(3, new[] { "lru", "two-queues", "next-use" }.Select(n => ContextPolicy.Of(n).Hash()).Distinct().Count());
    }

    [Fact]
    public void The_same_plan_renders_to_the_same_bytes()
    {
        var run = new Scripted(Scripted.Spec()).Answer("read", "write!").Finish();
        Assert.Equal(PromptRenderer.CanonicalBytes(Render(run)), PromptRenderer.CanonicalBytes(Render(run)));
    }

    private static ModelRequest Render(Scripted run)
    {
        run.Put("do it");
        var ask = run.Open.OfType<AskModel>().Single();
        return PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, run.Body);
    }
}
