using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Receipts through the command line, and their check with openssl alone as the documentation has it.</summary>
public sealed class ReceiptsTests
{
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public async Task A_run_gets_receipts_that_verify_without_its_state_and_openssl_agrees_with_the_documentation()
    {
        using var scene = await Scene.NewAsync();
        (await scene.CairnAsync("receipts", "--new-key", "--out", Out(scene, "public.pem"))).Exits(0);
        Assert.Equal(2, (await scene.CairnAsync("receipts", "--new-key")).ExitCode);
        await scene.RunAsync(scene.Model("m", Script.Turn("I write.", Script.Write("new.txt", "text\n")), Script.Turn("", Script.Complete())), "--merge", "never");
        var id = await scene.IdAsync();
        var made = await File.ReadAllTextAsync(Path.Combine(scene.State, "receipts", id + ".jsonl"), Cancel);
        (await scene.CairnAsync("receipts", "last", "--out", Out(scene, "run.jsonl"))).Exits(0);
        Assert.Equal(made, await File.ReadAllTextAsync(Out(scene, "run.jsonl"), Cancel));
        Assert.Equal((await scene.EventsAsync()).Count, made.Count(c => c == '\n'));
        var export = await scene.CairnAsync("journal", "export", "--run", id);
        await File.WriteAllTextAsync(Out(scene, "export.jsonl"), export.Output, Cancel);

        // From here on there is no state directory, and none is made.
        scene.State = Out(scene, "nowhere");
        (await VerifyAsync(scene, "run.jsonl", "--journal", Out(scene, "export.jsonl"))).Exits(0).Says("are whole");
        Assert.Contains("are whole", await OpensslAsync(scene, "run.jsonl"), StringComparison.Ordinal);

        var lines = made.TrimEnd('\n').Split('\n');
        await FailsAsync(scene, 3, [.. lines[..2], lines[2].Replace("\"type\":\"", "\"type\":\"x", StringComparison.Ordinal), .. lines[3..]]);
        await FailsAsync(scene, 2, [lines[0], .. lines[2..]]);
        await FailsAsync(scene, 2, [lines[0], lines[2], lines[1], .. lines[3..]]);
        await File.WriteAllTextAsync(Out(scene, "bad.jsonl"), string.Concat(lines[..^1].Select(l => l + "\n")), Cancel);
        Assert.Equal(1, (await VerifyAsync(scene, "bad.jsonl")).ExitCode);
        Assert.False(Directory.Exists(scene.State));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Out(Scene scene, string name) => Path.Combine(scene.Root, name);

    private static Task<CairnResult> VerifyAsync(Scene scene, string file, params string[] options) =>
        scene.CairnAsync(["receipts", "verify", Out(scene, file), "--public-key", Out(scene, "public.pem"), .. options]);

    private static async Task FailsAsync(Scene scene, int line, string[] lines)
    {
        await File.WriteAllTextAsync(Out(scene, "bad.jsonl"), string.Concat(lines.Select(l => l + "\n")), Cancel);
        var result = await VerifyAsync(scene, "bad.jsonl");
        Assert.Equal(1, result.ExitCode);
        result.Says($"line {line}: ");
        Assert.Contains($"line {line} ", await OpensslAsync(scene, "bad.jsonl"), StringComparison.Ordinal);
    }

    /// <summary>Runs the script that stands in docs/RECEIPTS.md.</summary>
    private static async Task<string> OpensslAsync(Scene scene, string file)
    {
        await HostPackages.RequireAsync([("openssl", "openssl")], Cancel);
        var page = await File.ReadAllTextAsync(Path.Combine(Source(), "docs", "RECEIPTS.md"), Cancel);
        var script = page.Split("```sh\n")[1].Split("```")[0];
        await File.WriteAllTextAsync(Out(scene, "check.sh"), script, Cancel);
        return (await HostProcess.RunAsync(scene.Root, Nothing, Cancel, "sh", "check.sh", file, "public.pem")).Output;
    }

    private static string Source()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Cairn.slnx")))
        {
            directory = directory.Parent!;
        }

        return directory.FullName;
    }
}
