using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Cairn.Kernel;
using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Kernel.Routing;

public sealed class RouterTests
{
    private static readonly RouteQuestion Question = new(10_000, 4_000, [ModelCapability.Tools]);

    [Fact]
    public void A_cheap_bad_model_never_wins_by_its_price()
    {
        foreach (var policy in RoutePolicy.Shipped.Where(p => p.Name != "cheapest"))
        {
            var decision = Decide(policy, Model("a:good", 0.9, 15, 75), Model("b:bad", 0.3, 0.00001m, 0.00001m));
            Assert.Equal("a:good", decision.Scores[0].Model);
            Assert.Contains("below the best", decision.Scores[1].Excluded, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Of_equally_good_models_the_cheaper_the_faster_and_the_more_reliable_one_wins()
    {
        var plain = Model("a:x", 0.8, 5, 25) with { FirstPieceMs = 500, TokenMs = 10, Calls = 20, Answered = 19 };
        var twin = plain with { Model = "z:x" };
        Assert.Equal("z:x", Best(Find("general"), plain, twin with { InputPrice = 1, OutputPrice = 5 }));
        Assert.Equal("z:x", Best(Find("general"), plain, twin with { TokenMs = 5 }));
        Assert.Equal("z:x", Best(Find("general"), plain with { Answered = 10 }, twin));
        Assert.Equal("a:x", Best(Find("general"), plain, twin));
    }

    [Fact]
    public void Each_policy_prefers_what_it_is_for()
    {
        RouteCandidate[] models =
        [
            Model("a:best", 0.95, 15, 75) with { FirstPieceMs = 4000, TokenMs = 40 },
            Model("b:fast", 0.7, 3, 15) with { FirstPieceMs = 200, TokenMs = 2 },
            Model("c:cheap", 0.6, 0.1m, 0.4m) with { FirstPieceMs = 900, TokenMs = 15 },
        ];
        Assert.Equal("a:best", Best(Find("reasoning"), models));
        Assert.Equal("a:best", Best(Find("coding"), models));
        Assert.Equal("b:fast", Best(Find("low-latency"), models));
        Assert.Equal("c:cheap", Best(Find("cheapest"), models));
    }

    [Fact]
    public void Who_cannot_do_it_is_excluded_with_the_reason()
    {
        var question = Question with { MaxUsd = 0.1m, MaxMs = 10_000 };
        var decision = Router.Decide(Find("general"), question,
        [
            Model("a:ok", 0.8, 1, 1) with { FirstPieceMs = 100, TokenMs = 1 },
            Model("b:no-tools", 0.8, 1, 1) with { Capabilities = [ModelCapability.Images] },
            Model("c:small", 0.8, 1, 1) with { ContextTokens = 13_999 },
            Model("d:dear", 0.8, 100, 100),
            Model("e:slow", 0.8, 1, 1) with { FirstPieceMs = 9_000, TokenMs = 10 },
            Model("f:free?", 0.8, 1, 1) with { InputPrice = null },
            Model("g:down", 0.8, 1, 1) with { Unavailable = "no key" },
        ]);
        Assert.Equal(
            ["", "it lacks Tools", "its window of 13999 tokens is too small for 10000 and an answer of 4000", "it would cost $1.05, the limit is $0.1", "it would take 14000 ms, the limit is 10000 ms", "its price is unknown, and the call has a limit", "no key"],
            decision.Scores.Select(s => s.Excluded ?? ""));
    }

    [Fact]
    public void Nobody_left_is_a_decision_without_a_choice() =>
        Assert.All(Decide(Find("coding"), Model("a:x", 1, 1, 1) with { Unavailable = "down" }).Scores, s => Assert.NotNull(s.Excluded));

    [Fact]
    public void An_unjudged_model_is_neither_best_nor_shut_out_by_good_ones_that_are_near()
    {
        var decision = Decide(Find("general"), Model("a:judged", 0.6, 1, 1), Model("b:unknown", null, 1, 1), Model("c:bad", 0.1, 1, 1));
        Assert.Equal(["a:judged", "b:unknown"], decision.Scores.Where(s => s.Excluded is null).Select(s => s.Model));
    }

    [Fact]
    public void A_decision_that_was_stored_is_made_again_and_one_that_was_edited_is_not_confirmed()
    {
        var policy = Find("coding");
        var decision = Decide(policy, Model("a:x", 0.8, 3, 15) with { FirstPieceMs = 312.125, TokenMs = 7.333 }, Model("b:y", 0.75, 1, 5));
        var stored = JsonSerializer.Deserialize(
            CairnJson.Bytes(new RouteRecord(decision, [], null), CairnJson.Default.RouteRecord), CairnJson.Default.RouteRecord)!.Decision;
        Assert.True(Router.Confirms(policy, stored));
        Assert.False(Router.Confirms(policy, stored with { Scores = [.. stored.Scores.Reverse()] }));
        Assert.False(Router.Confirms(policy, stored with { PolicyHash = BlobHash.OfText("another") }));
        Assert.False(Router.Confirms(policy, stored with { Candidates = [.. stored.Candidates.Select(c => c with { Quality = 0.1 })] }));
        Assert.NotEqual(policy.Hash(), (policy with { Tolerance = 0.16 }).Hash());
    }

    [Fact]
    public void The_order_of_the_candidates_never_matters_and_every_score_lies_between_0_and_1() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(byte Quality, ushort Price, ushort First, byte Each, byte Calls)[]>(), seeds =>
        {
            var models = seeds.Select((s, i) => Model(string.Create(CultureInfo.InvariantCulture, $"p:m{i}"), s.Quality / 255.0, s.Price / 100m, s.Price / 50m) with
            {
                FirstPieceMs = s.First, TokenMs = s.Each, Calls = s.Calls, Answered = s.Calls / 2,
            }).ToImmutableArray();
            return RoutePolicy.Shipped.All(policy =>
            {
                var decision = Router.Decide(policy, Question, models);
                var again = Router.Decide(policy, Question, [.. models.Reverse()]);
                return decision.Scores.SequenceEqual(again.Scores)
                    && decision.Scores.All(s => s.Score is >= 0 and <= 1 && double.IsFinite(s.Score))
                    && decision.Scores.Length == models.Length;
            });
        }).QuickCheckThrowOnFailure();

    private static RoutePolicy Find(string name) => RoutePolicy.Find(name)!;

    private static string Best(RoutePolicy policy, params RouteCandidate[] models) => Decide(policy, models).Scores[0].Model;

    private static RouteDecision Decide(RoutePolicy policy, params RouteCandidate[] models) => Router.Decide(policy, Question, [.. models]);

    private static RouteCandidate Model(string id, double? quality, decimal input, decimal output) =>
        new(id, 200_000, [ModelCapability.Tools]) { Quality = quality, InputPrice = input, OutputPrice = output };
}
