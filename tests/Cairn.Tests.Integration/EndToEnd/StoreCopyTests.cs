using Cairn.Sandbox;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>A machine that has only the store, journal and bodies, can take a run back to each of its places.</summary>
public sealed class StoreCopyTests
{
    [Fact]
    public async Task A_copy_of_journal_and_bodies_is_enough_to_roll_back_and_go_on()
    {
        using var scene = await Scene.NewAsync(("code.txt", "a\n"), ("old/gone.txt", "x\n"));
        string[] changes = ["echo new > made.txt; mkdir -p deep/er", "rm -r old; echo y > deep/y; chmod 751 code.txt", "rm -r deep; ln -s code.txt deep; echo b >> code.txt"];
        var model = scene.Model("job", [.. changes.Select(c => Script.Turn("", Script.Shell(c))), Script.Turn("", Script.Complete())]);
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        var run = await scene.IdAsync();
        (await scene.CairnAsync("layers")).Exits(0).Says("3 layers, 0 of them not in the body store yet.");
        var places = (await scene.JsonAsync("checkpoints", run)).AsArray().Select(c => (Id: c!["id"]!.GetValue<string>(), Layer: c["layer"]?.GetValue<string>())).ToList();
        var manifests = places.ConvertAll(p => Manifest(scene, p.Layer));
        var whole = scene.State;
        scene.State = whole + "-copy";
        Directory.CreateDirectory(scene.State);
        Sandbox.SandboxFixture.OnHost("sh", "-c", $"cd '{whole}' && cp -r journal blobs heads* '{scene.State}' && mv '{whole}' '{whole}-away'");
        foreach (var i in (int[])[2, 0, 3, 1])
        {
            (await scene.CairnAsync("rollback", run, places[i].Id)).Exits(0).Says("paused");
            Assert.Equal(manifests[i], Manifest(scene, (await scene.SummaryAsync(run)).Layer?.Value));
        }

        await scene.VerifiedAsync(run);
        (await scene.CairnAsync("gc")).Exits(0);
        (await scene.CairnAsync("resume", run)).Exits(0);
        Assert.Equal(manifests[^1], Manifest(scene, (await scene.SummaryAsync(run)).Layer?.Value));
    }

    private static string Manifest(Scene scene, string? layer)
    {
        using var store = Cairn.Storage.StateStore.OpenReadOnly(new Cairn.Storage.PosixDisk(), scene.State);
        using var layers = new LayerStore(scene.State, store.Blobs, TimeProvider.System);
        var workspace = layers.Open(RunId.Parse("look"), scene.Repository, layer is null ? null : LayerId.Parse(layer));
        try
        {
            return string.Join('\n', workspace.Manifest());
        }
        finally
        {
            workspace.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
