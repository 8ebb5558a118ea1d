using Cairn.Host;
using Cairn.Tests.Integration.EndToEnd;

namespace Cairn.Tests.Integration.Observability;

/// <summary>What a collector is told of a run, by real processes over OTLP.</summary>
public sealed class TelemetryTests
{
    private const int Turns = 12;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_that_is_killed_and_resumed_is_one_trace_that_holds_no_word_of_what_was_said()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var scene = await Scene.NewAsync();
        scene.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address;
        scene.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        scene.Environment["OTEL_BSP_SCHEDULE_DELAY"] = "20";
        var turns = Enumerable.Range(1, Turns).Select(i => Script.Turn($"Secretly thought {i}.", Script.Shell($"echo whispered-{i} >> out.txt; sleep 0.1")));
        var model = scene.Model("job", [.. turns, Script.Turn("All is done.", Script.Complete())]);
        using (var child = scene.Start(null, scene.RunArguments(model, "--merge", "never", "--json")))
        {
            await UntilAsync(() => collector.Spans.Count(s => s.Name == "execute_tool run_command") >= 2);
            child.Kill();
            Assert.Equal(137, (await child.EndAsync(Cancel)).ExitCode);
        }

        await Scene.NobodyRunsAsync(scene.Root);
        var before = collector.Spans.Count;
        (await scene.CairnAsync("resume", "last")).Exits(0);
        var spans = collector.Spans.ToList();
        Assert.True(spans.Count > before);
        var place = Telemetry.Place((await scene.SummaryAsync()).Id);
        Assert.All(spans, s => Assert.Equal(place.TraceId.ToHexString(), s.Trace));
        Assert.Equal(spans.Count, spans.Select(s => s.Id).Distinct().Count());
        var life = Assert.Single(spans, s => s.Name.StartsWith("invoke_agent ", StringComparison.Ordinal));
        Assert.Equal(place.SpanId.ToHexString(), life.Parent);
        var steps = spans.Where(s => s.Name.StartsWith("step ", StringComparison.Ordinal)).ToDictionary(s => s.Id);
        Assert.All(steps.Values.Skip(before), s => Assert.Equal(life.Id, s.Parent));
        Assert.Contains(spans, s => s.Name == "execute_tool complete" && steps.ContainsKey(s.Parent));
        Assert.Contains(spans, s => s.Name.StartsWith("chat ", StringComparison.Ordinal) && steps.ContainsKey(s.Parent));
        var all = string.Concat(collector.Bodies);
        foreach (var word in new[] { "Secretly", "whispered", "Do the job", "out.txt", "All is done" })
        {
            Assert.DoesNotContain(word, all, StringComparison.Ordinal);
        }

        foreach (var name in new[] { "gen_ai.client.token.usage", "gen_ai.client.operation.duration", "cairn.tool.duration", Telemetry.Schema })
        {
            Assert.Contains(name, all, StringComparison.Ordinal);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            await timer.WaitForNextTickAsync(Cancel);
        }
    }
}
