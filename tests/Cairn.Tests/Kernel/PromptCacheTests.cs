using Cairn.Host;
using Cairn.Kernel;

namespace Cairn.Tests.Kernel;

public sealed class PromptCacheTests
{
    private static readonly ModelBinding Small = new("test:small", 20_000, 2_000, Recorded: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_prompt_of_a_run_is_what_rendering_from_the_start_gives(int seed)
    {
        var random = new Random(seed);
        var run = new Scripted(Scripted.Spec(new() { Steps = 150, ErrorsInARow = 1000 }, model: Small));
        run.Put("do it");
        using var cache = new PromptCache(run.Body);
        var (elided, dropped, prompts) = (0, 0, 0);
        while (run.Open.OfType<AskModel>().SingleOrDefault() is { } ask)
        {
            var expected = PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, run.Body);
            var (request, hash) = cache.Render(ask.Plan, ask.MaxOutputTokens);
            var bytes = PromptRenderer.CanonicalBytes(expected);
            Assert.Equal(bytes, PromptRenderer.CanonicalBytes(request));
            Assert.Equal(BlobHash.Of(bytes), hash);
            (elided, dropped, prompts) = (Math.Max(elided, ask.Plan.Window.Forms.Length), ask.Plan.Window.First, prompts + 1);
            Step(run, random);
        }

        Assert.True(elided > 0 && dropped > 0 && prompts > 60, $"{elided} elided, {dropped} dropped in {prompts} prompts");
    }

    [Fact]
    public void A_missing_body_leaves_nothing_half_done_behind()
    {
        var run = new Scripted(Scripted.Spec(model: Small));
        run.Put("do it");
        run.Answer("read").Finish();
        var missing = true;
        using var cache = new PromptCache(hash => missing && hash == run.State.History[0].Turn!.Calls[0].Result ? throw new InvalidDataException() : run.Body(hash));
        var ask = run.Take<AskModel>();
        Assert.Throws<InvalidDataException>(() => cache.Render(ask.Plan, ask.MaxOutputTokens));
        missing = false;
        Assert.Equal(
            BlobHash.Of(PromptRenderer.CanonicalBytes(PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, run.Body))),
            cache.Render(ask.Plan, ask.MaxOutputTokens).Hash);
    }

    [Fact]
    public void A_step_reads_only_the_bodies_that_are_new_in_it()
    {
        var run = new Scripted(Scripted.Spec(new() { Steps = 100 }));
        run.Put("do it");
        var reads = 0;
        using var cache = new PromptCache(hash =>
        {
            reads++;
            return run.Body(hash);
        });
        for (var step = 0; step < 50; step++)
        {
            var ask = run.Open.OfType<AskModel>().Single();
            reads = 0;
            cache.Render(ask.Plan, ask.MaxOutputTokens);
            Assert.True(step == 0 || reads == 2, $"step {step} read {reads} bodies: one answer and one result are new");
            run.Answer("read").Finish();
        }
    }

    // Tool calls, answers without one, invalid calls, failed attempts, rollbacks into the middle of the past.
    private static void Step(Scripted run, Random random)
    {
        switch (random.Next(12))
        {
            case 0:
                run.FailModel(ModelErrorKind.Unavailable);
                break;
            case 1 when run.State.SilentTurns == 0:
                run.Answer();
                break;
            case 2:
                run.Answer("read!");
                break;
            case 3 when run.State.Checkpoints.Count > 3:
                var to = run.State.Checkpoints[run.State.Checkpoints.Count - 1 - random.Next(3)].Id;
                run.Open.Clear();
                run.Happen(new RunRolledBack(to, "test", Continue: true));
                break;
            case 4:
                run.Answer("read", "read").Finish(tokens: random.Next(10, 2000)).Finish(tokens: random.Next(10, 2000));
                break;
            default:
                run.Answer("write").Finish(tokens: random.Next(10, 4000));
                break;
        }
    }
}
