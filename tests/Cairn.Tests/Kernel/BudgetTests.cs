using Cairn.Kernel;

namespace Cairn.Tests.Kernel;

public sealed class BudgetTests
{
    [Theory]
    [InlineData(1, null)]
    [InlineData(2, null)]
    [InlineData(3, null)]
    [InlineData(4, 3)]
    public void Tokens_and_money_are_never_overspent_whatever_the_model_does(int seed, int? voters)
    {
        var random = new Random(seed);
        for (var round = 0; round < 60; round++)
        {
            var limits = new RunLimits { Tokens = random.Next(2_000, 60_000), Usd = random.Next(1, 200) / 1000m, Steps = 40 };
            var spec = Scripted.Spec(limits);
            var run = new Scripted(spec with { Model = spec.Model! with { Voters = voters } });
            while (run.State.Phase != RunPhase.Ended)
            {
                var ask = run.Take<AskModel>();
                var input = (voters ?? 1) * random.Next(1, ask.Plan.Tokens + 1);
                var output = (voters ?? 1) * random.Next(0, ask.MaxOutputTokens + 1);
                var cost = ((input * 1m) + (output * 2m)) / 1_000_000m;
                run.Happen(new ModelCallFinished(ask.Step, run.Put("{}"), output, new(input, output), cost, FinishReason.ToolCalls,
                    [new("m", "read", run.Put("x"), default, 0)]));
                run.Finish(tokens: random.Next(1, 3000));
                Assert.True(run.State.Spending.Usage.Total <= limits.Tokens);
                Assert.True(run.State.Spending.Usd <= limits.Usd);
            }

            Assert.Equal(RunOutcome.OverBudget, run.State.Outcome);
        }
    }

    [Fact]
    public void What_is_set_aside_is_settled_by_the_answer_the_failure_and_the_crash()
    {
        var run = new Scripted(Scripted.Spec());
        Assert.True(run.State.Spending.ReservedTokens > 0);
        run.FailModel(ModelErrorKind.Unavailable);
        var once = run.State.Spending.ReservedTokens;
        run.Take<AskModel>();
        run.Happen(new RunRecovered("test"));
        Assert.Equal(once, run.State.Spending.ReservedTokens);
        run.Answer("read");
        Assert.Equal(0, run.State.Spending.ReservedTokens);
        Assert.Equal(1100, run.State.Spending.Usage.Total);
    }

    [Fact]
    public void Steps_are_bounded_for_models_and_for_code()
    {
        var model = new Scripted(Scripted.Spec(new() { Steps = 2 })).Answer("read").Finish().Answer("read").Finish();
        Assert.Equal(RunOutcome.OverBudget, model.State.Outcome);
        Assert.Contains("2 steps", model.State.Reason, StringComparison.Ordinal);

        var code = new Scripted(Scripted.Spec(new() { Steps = 1 }, kind: AgentKind.Code));
        code.Happen(new AgentCalled("write", default, default)).Finish().Happen(new AgentCalled("write", default, default));
        Assert.Equal(RunOutcome.OverBudget, code.State.Outcome);
    }

    [Fact]
    public void Failures_in_a_row_are_bounded_and_a_success_starts_the_count_again()
    {
        var run = new Scripted(Scripted.Spec(new() { ErrorsInARow = 2 }));
        run.Answer("read").Finish(ToolStatus.Failed).Answer("read").Finish().Answer("read").Finish(ToolStatus.Denied);
        Assert.NotEqual(RunPhase.Ended, run.State.Phase);
        run.Answer("read!");
        Assert.Equal(RunOutcome.OverBudget, run.State.Outcome);
    }

    [Fact]
    public void The_agent_is_told_what_is_left()
    {
        var run = new Scripted(Scripted.Spec(new() { Tokens = 50_000, Usd = 1, Steps = 30 })).Answer("read").Finish();
        var footer = run.Take<AskModel>().Plan.Footer;
        Assert.Equal("[left: 48900 of 50000 tokens, 0.99 of 1 USD, 29 of 30 steps]", footer);
    }
}
