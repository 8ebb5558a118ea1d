using System.Text.Json;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Runs whose model is chosen call by call.</summary>
public sealed class RouteTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_routed_run_goes_on_with_the_next_model_and_each_choice_is_explained_counted_and_verified()
    {
        using var scene = await Scene.NewAsync();
        var good = scene.Model("good", Script.Turn("", Script.Write("a.txt", "a\n")), Script.Failing("unavailable", 99, Script.Turn("", Script.Complete())));
        var plain = scene.Model("plain", Script.Turn("", Script.Write("b.txt", "b\n")), Script.Turn("", Script.Complete()));
        var registry = Path.Combine(scene.Root, "models.yaml");
        await File.WriteAllTextAsync(
            registry, $"models:\n- {{model: '{good}', quality: {{coding: 0.9}}}}\n- {{model: '{plain}', quality: {{coding: 0.85}}}}\n", Cancel);
        scene.Environment["CAIRN_MODELS"] = registry;
        (await scene.RunAsync("route:coding")).Exits(0);

        // The first step by the better model; the second, at which it fails, by the other.
        (await scene.CairnAsync("route", "explain", "last", "1")).Exits(0).Says("policy    coding/1", "chosen    " + good);
        (await scene.CairnAsync("route", "explain", "last", "2")).Exits(0).Says($"asked     {good}", "Unavailable", "chosen    " + plain);
        var json = JsonDocument.Parse((await scene.CairnAsync("route", "explain", "last", "2", "--json")).Exits(0).Output).RootElement;
        Assert.Equal(plain, json[0].GetProperty("chosen").GetString());
        var stats = JsonDocument.Parse((await scene.CairnAsync("route", "stats", "--json")).Exits(0).Output).RootElement.EnumerateArray().ToDictionary(s => s.GetProperty("model").GetString()!);
        Assert.Equal((2, 1), (stats[good].GetProperty("asked").GetInt32(), stats[good].GetProperty("chosen").GetInt32()));
        Assert.Equal((1, 1), (stats[plain].GetProperty("asked").GetInt32(), stats[plain].GetProperty("answered").GetInt32()));
        (await scene.CairnAsync("route", "explain", "last", "77")).Exits(2).Says("No model was chosen at step 77");
        (await scene.CairnAsync("route", "list")).Exits(0).Says("consensus", "2 of 3", good);
        await scene.VerifiedAsync();

        // Collection keeps what explains the choices.
        (await scene.CairnAsync("gc")).Exits(0);
        (await scene.CairnAsync("route", "explain", "last", "2")).Exits(0);
    }

    [Fact]
    public async Task Three_models_vote_and_one_call_is_carried_out()
    {
        using var scene = await Scene.NewAsync();
        var models = Enumerable.Range(0, 3).Select(i => scene.Model(
            $"m{i}", Script.Turn($"I am {i}", Script.Shell(i == 2 ? "echo other >> log.txt" : "echo once >> log.txt")), Script.Turn("", Script.Complete())));
        (await scene.RunAsync($"route:consensus={string.Join(',', models)}", "--merge", "auto")).Exits(0);
        Assert.Equal("once\n", await File.ReadAllTextAsync(scene.In("log.txt"), Cancel));
        Assert.Single((await scene.EventsAsync()).OfType<ToolCallStarted>(), c => c.Tool == "run_command");
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task A_wrong_route_ends_before_anything_is_started()
    {
        using var scene = await Scene.NewAsync();
        (await scene.RunAsync("route:coding")).Exits(2).Says("A route needs models to choose from", "CAIRN_MODELS");
        (await scene.RunAsync("route:best=scripted:x.yaml")).Exits(2).Says("There is no route 'best'");
    }
}
