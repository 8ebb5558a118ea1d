using System.Collections.Immutable;
using Cairn.Host;
using Cairn.Kernel;
using Cairn.Models;

namespace Cairn.Tests.Host.Routing;

public sealed class RoutedModelTests : IDisposable
{
    private readonly Dictionary<string, FakeModel> _models = [];
    private readonly RouteStatistics _learned = new(null);
    private readonly RoutingCatalog _catalog;
    private ModelRegistry _registry = ModelRegistry.Empty;

    public RoutedModelTests() => _catalog = new(new FakeCatalog(_models), () => _registry, [.. RoutePolicy.Shipped], _learned, TimeProvider.System);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _catalog.Dispose();

    [Fact]
    public async Task Other_ids_are_left_to_the_catalog_below()
    {
        Add("p:a", Says("a"));
        Assert.Equal("p:a", (await _catalog.OpenAsync("p:a", Cancel)).Model!.Info.Id);
        Assert.Equal("there is no p:b", (await _catalog.OpenAsync("p:b", Cancel)).Problem);
    }

    [Theory]
    [InlineData("route:nothing=p:a", "There is no route 'nothing': there are general, coding")]
    [InlineData("route:coding", "A route needs models to choose from")]
    [InlineData("route:coding=p:b", "needs 1 of its models, and 0 can be used: p:b: there is no p:b")]
    [InlineData("route:consensus=p:a,p:b", "needs 2 of its models, and 1 can be used")]
    [InlineData("route:coding=route:coding=p:a", "a route cannot choose a route")]
    public async Task A_wrong_route_is_answered_with_what_is_wrong(string id, string says)
    {
        Add("p:a", Says("a"));
        Assert.Contains(says, (await _catalog.OpenAsync(id, Cancel)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_next_best_is_asked_when_one_fails_and_nothing_of_the_broken_answer_is_used()
    {
        _registry = ModelRegistry.Parse("models:\n- {model: 'p:a', quality: {coding: 0.9}}\n- {model: 'p:b', quality: {coding: 0.85}}\n");
        Add("p:a", Fails(ModelErrorKind.BrokenStream, half: "rm -rf"));
        Add("p:b", Says("fine"));
        var outcome = await AskAsync("route:coding");
        Assert.Equal("fine", outcome.Response!.Text);
        Assert.Equal(["p:a BrokenStream", "p:b answered"], outcome.Route!.Attempts.Select(a => $"{a.Model} {a.Outcome}"));
        Assert.Equal("p:b", outcome.Route.Chosen);
        Assert.Equal(0.000_2m, outcome.Response.CostUsd);
        Assert.True(Router.Confirms(RoutePolicy.Find("coding")!, outcome.Route.Decision));
    }

    [Fact]
    public async Task When_all_fail_the_failure_is_one_that_may_pass_if_any_may()
    {
        Add("p:a", Fails(ModelErrorKind.RateLimited));
        Add("p:b", Fails(ModelErrorKind.Unauthorized));
        var outcome = await AskAsync("route:general=p:a,p:b");
        Assert.Equal(ModelErrorKind.RateLimited, outcome.Failure!.Kind);
        Assert.Equal(2, outcome.Route!.Attempts.Length);
        Assert.Null(outcome.Route.Chosen);
    }

    [Fact]
    public async Task A_request_that_one_refuses_as_wrong_is_not_tried_on_the_others()
    {
        Add("p:a", Fails(ModelErrorKind.Invalid));
        Add("p:b", Says("fine"));
        Assert.Equal(ModelErrorKind.Invalid, (await AskAsync("route:general=p:a,p:b")).Failure!.Kind);
        Assert.Equal(0, _models["p:b"].Asked);
    }

    [Fact]
    public async Task A_model_that_fails_again_and_again_is_not_asked_for_a_while()
    {
        _registry = ModelRegistry.Parse("models:\n- {model: 'p:a', quality: {general: 0.9}}\n- {model: 'p:b', quality: {general: 0.8}}\n");
        Add("p:a", Fails(ModelErrorKind.Unavailable));
        Add("p:b", Says("fine"));
        ModelOutcome last = null!;
        for (var i = 0; i < 10; i++)
        {
            last = await AskAsync("route:general");
            Assert.Equal("fine", last.Response!.Text);
        }

        Assert.InRange(_models["p:a"].Asked, 1, 6);
        Assert.True(last.Route!.Decision.Scores.Single(s => s.Model == "p:a") is { Excluded: not null } || last.Route.Chosen == "p:b");
        Assert.Single(last.Route.Attempts);
    }

    [Fact]
    public async Task Calls_beyond_what_may_wait_for_tokens_are_refused_and_the_next_best_is_asked()
    {
        const int perMinute = 50; // Less than one call takes: each waits for a whole minute's.
        _registry = ModelRegistry.Parse($"models:\n- {{model: 'p:a', quality: {{coding: 0.9}}, tokens_per_minute: {perMinute}}}\n- {{model: 'p:b', quality: {{coding: 0.85}}}}\n");
        Add("p:a", Says("a"));
        Add("p:b", Says("b"));
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Assert.Equal("a", (await AskAsync("route:coding", cancelled.Token)).Response!.Text);
        var waiting = Enumerable.Range(0, ModelLine.MaxQueuedMinutes).Select(_ => AskAsync("route:coding", cancelled.Token)).ToList();
        Assert.DoesNotContain(waiting, w => w.IsCompleted);
        var refused = await AskAsync("route:coding", cancelled.Token);
        Assert.Equal("b", refused.Response!.Text);
        Assert.Equal(["p:a RateLimited", "p:b answered"], refused.Route!.Attempts.Select(a => $"{a.Model} {a.Outcome}"));
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(waiting));
    }

    [Fact]
    public async Task The_next_best_is_asked_as_well_after_a_while_and_who_is_not_needed_is_cancelled_and_paid_for()
    {
        _registry = Hedging(hedgeMs: 1);
        var cancelled = false;
        Add("p:a", new FakeModel("p:a", async (_, delta, token) =>
        {
            delta?.Invoke(new("rm -rf"));
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                cancelled = token.IsCancellationRequested;
            }

            throw new InvalidOperationException();
        }));
        Add("p:b", Calls("I look", """{"path":"x"}"""));
        var outcome = await AskAsync("route:coding");
        Assert.True(cancelled);
        Assert.Equal("read", Assert.Single(outcome.Response!.ToolCalls).Name);
        Assert.Equal(["p:a cancelled", "p:b answered"], outcome.Route!.Attempts.Select(a => $"{a.Model} {a.Outcome}"));
        Assert.Equal("p:b", outcome.Route.Chosen);
        Assert.Equal(outcome.Route.Attempts.Sum(a => a.Usd), outcome.Response.CostUsd);
        Assert.True(outcome.Route.Attempts[0].Usage.InputTokens > 0);
        Assert.Equal(outcome.Route.Attempts.Sum(a => a.Usage.Total), outcome.Response.Usage.Total);
        Assert.Equal(2, (await _catalog.OpenAsync("route:coding", Cancel)).Model!.Info.Voters);
    }

    [Fact]
    public async Task Who_answers_in_time_is_the_only_one_that_is_asked()
    {
        _registry = Hedging(hedgeMs: 3_600_000);
        Add("p:a", Says("quick"));
        Add("p:b", Says("b"));
        var outcome = await AskAsync("route:coding");
        Assert.Equal("quick", outcome.Response!.Text);
        Assert.Equal(0, _models["p:b"].Asked);
        Assert.Single(outcome.Route!.Attempts);
    }

    [Fact]
    public async Task When_both_of_a_hedge_fail_the_third_is_asked()
    {
        _registry = Hedging(hedgeMs: 0);
        Add("p:a", Fails(ModelErrorKind.Unavailable));
        Add("p:b", Fails(ModelErrorKind.RateLimited));
        Add("p:c", Says("c"));
        var outcome = await AskAsync("route:coding");
        Assert.Equal("c", outcome.Response!.Text);
        Assert.Equal("p:c answered", outcome.Route!.Attempts.Select(a => $"{a.Model} {a.Outcome}").Last());
        Assert.Equal(1, _models["p:a"].Asked);
    }

    [Fact]
    public async Task A_cancelled_call_is_cancelled_and_teaches_nothing()
    {
        Add("p:a", new FakeModel("p:a", async (_, _, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            throw new InvalidOperationException();
        }));
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var asking = AskAsync("route:general=p:a", cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal("", _learned.Of("p:a").Outcomes);
    }

    [Fact]
    public async Task Two_of_three_that_agree_on_the_calls_decide_and_the_third_is_cancelled_and_paid_for()
    {
        Add("p:a", Calls("let me", """{"path": "x", "mode": 1}"""));
        Add("p:b", Calls("I shall", """{"mode":1,"path":"x"}"""));
        var cancelled = false;
        Add("p:c", new FakeModel("p:c", async (_, _, token) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            finally
            {
                cancelled = true;
            }

            throw new InvalidOperationException();
        }));
        var outcome = await AskAsync("route:consensus=p:a,p:b,p:c");
        Assert.Single(outcome.Response!.ToolCalls);
        Assert.True(cancelled);
        Assert.Equal(["answered", "answered", "cancelled"], outcome.Route!.Attempts.OrderBy(a => a.Model).Select(a => a.Outcome));
        Assert.Equal(outcome.Route.Attempts.Sum(a => a.Usage.Total), outcome.Response.Usage.Total);
        Assert.Equal(outcome.Route.Attempts.Sum(a => a.Usd), outcome.Response.CostUsd);
        Assert.True(outcome.Response.CostUsd > 0.000_4m);
    }

    [Fact]
    public async Task Without_a_quorum_nothing_is_done()
    {
        Add("p:a", Calls("", """{"path":"x"}"""));
        Add("p:b", Calls("", """{"path":"y"}"""));
        Add("p:c", Says("I would not"));
        var outcome = await AskAsync("route:consensus=p:a,p:b,p:c");
        Assert.Null(outcome.Response);
        Assert.Contains("2 of 3 models must agree", outcome.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_kernel_plans_with_the_smallest_window_the_highest_price_and_all_voters()
    {
        Add("p:a", Says(""), context: 1000);
        Add("p:b", Says(""), context: 5000);
        var coding = (await _catalog.OpenAsync("route:coding=p:a,p:b", Cancel)).Model!.Info;
        Assert.Equal(("route:coding=p:a,p:b", 1000, 1), (coding.Id, coding.ContextTokens, coding.Voters));
        Assert.Equal(5000, (await _catalog.OpenAsync("route:long-context=p:a,p:b", Cancel)).Model!.Info.ContextTokens);
        Assert.Equal(3, (await _catalog.OpenAsync("route:consensus=p:a,p:b", Cancel)).Model!.Info.Voters);
    }

    [Fact]
    public async Task At_most_as_many_calls_as_registered_are_under_way_and_the_rest_wait()
    {
        _registry = ModelRegistry.Parse("models:\n- {model: 'p:a', concurrency: 2}\n");
        var (now, most) = (0, 0);
        Add("p:a", new FakeModel("p:a", async (_, _, _) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            await Task.Yield();
            Interlocked.Decrement(ref now);
            return Answer("x");
        }));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync("route:general")));
        Assert.InRange(most, 1, 2);
        Assert.Equal(50, _models["p:a"].Asked);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (int old; (old = target) < value && Interlocked.CompareExchange(ref target, value, old) != old;)
        {
        }
    }

    private void Add(string id, FakeModel model, int context = 200_000) => _models[id] = model with { Context = context, Id = id };

    private async Task<ModelOutcome> AskAsync(string id, CancellationToken? cancellationToken = null)
    {
        var (model, problem) = await _catalog.OpenAsync(id, Cancel);
        Assert.True(model is not null, problem);
        return await model.AskAsync(
            new ModelRequest { Model = "x", Messages = [new(ChatRole.User, "do it")], MaxOutputTokens = 100 }, null, cancellationToken ?? Cancel);
    }

    private static ModelRegistry Hedging(int hedgeMs) => ModelRegistry.Parse(
        $"models:\n- {{model: 'p:a', quality: {{coding: 0.9}}}}\n- {{model: 'p:b', quality: {{coding: 0.85}}}}\n- {{model: 'p:c', quality: {{coding: 0.8}}}}\npolicies:\n  coding: {{hedge_ms: {hedgeMs}}}\n");

    private static FakeModel Says(string text) => new("", (_, _, _) => Task.FromResult(Answer(text)));

    private static FakeModel Calls(string text, string arguments) => new("", (_, _, _) => Task.FromResult(Answer(text, new ModelToolCall("1", "read", arguments))));

    private static FakeModel Fails(ModelErrorKind kind, string? half = null) => new("", (_, delta, _) =>
    {
        delta?.Invoke(new(half ?? ""));
        return Task.FromResult(ModelOutcome.Failed(kind, "no"));
    });

    private static ModelOutcome Answer(string text, params ModelToolCall[] calls) => ModelOutcome.Answered(new()
    {
        Text = text, ToolCalls = [.. calls], Finish = calls.Length > 0 ? FinishReason.ToolCalls : FinishReason.Stop, Usage = new(100, 50), CostUsd = 0.000_2m,
    });

    private sealed record FakeModel(string Id, Func<ModelRequest, Action<ModelDelta>?, CancellationToken, Task<ModelOutcome>> Ask) : IModel
    {
        private readonly int[] _asked = [0];

        public int Asked => _asked[0];

        public int Context { get; init; } = 200_000;

        public ModelInfo Info => new(Id.Split(':')[0], Id.Split(':')[1], Context, 1000) { InputPrice = 1, OutputPrice = 2 };

        public Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked[0]);
            return Ask(request, onDelta, cancellationToken);
        }
    }

    private sealed class FakeCatalog(Dictionary<string, FakeModel> models) : IModelCatalog
    {
        public ValueTask<(IModel? Model, string? Problem)> OpenAsync(string id, CancellationToken cancellationToken) =>
            new(models.TryGetValue(id, out var model) ? (model, null) : ((IModel?)null, $"there is no {id}"));

        public ValueTask<IReadOnlyList<ModelAvailability>> FindAsync(CancellationToken cancellationToken) => new([]);
    }
}
