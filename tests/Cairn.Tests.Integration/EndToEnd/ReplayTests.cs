using Cairn.Sdk;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>`replay --verify`: alone with the journal, and not to be deceived by an edited one.</summary>
public sealed class ReplayTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Verifying_opens_no_socket_and_starts_no_process()
    {
        await HostPackages.RequireAsync([("strace", "strace")], Cancel);
        using var scene = await RunAsync();
        // The .NET runtime's own door for debuggers is a socket that no code of Cairn's opens.
        scene.Environment["DOTNET_EnableDiagnostics"] = "0";
        var trace = Path.Combine(scene.Root, "trace");
        using var child = scene.StartUnder(["strace", "-f", "-qq", "-e", "trace=network,process", "-o", trace], null, "replay", "last", "--verify");
        (await child.EndAsync(Cancel)).Exits(0).Says("verified:");
        var calls = await File.ReadAllLinesAsync(trace, Cancel);

        // The one program that starts is cairn itself; threads are clones that share its memory; the rest waits and ends.
        Assert.Single(calls, c => c.Contains("execve(", StringComparison.Ordinal));
        Assert.DoesNotContain(calls, c => c.Contains("vfork(", StringComparison.Ordinal) || c.Contains(" fork(", StringComparison.Ordinal));
        Assert.All(calls.Where(c => c.Contains("clone", StringComparison.Ordinal) && c.Contains("flags=", StringComparison.Ordinal)), c => Assert.Contains("CLONE_THREAD", c, StringComparison.Ordinal));
        string[] network = ["socket(", "socketpair(", "connect(", "bind(", "listen(", "accept", "sendto(", "sendmsg("];
        Assert.DoesNotContain(calls, c => network.Any(n => c.Contains($" {n}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_journal_that_was_cut_anywhere_never_passes()
    {
        using var scene = await RunAsync();
        var (log, bytes) = Log(scene);
        var commits = JournalEdit.Read(bytes);
        Assert.True(commits.Count > 3);
        Assert.Equal(bytes.AsSpan(0, JournalEdit.Write(bytes, commits).Length).ToArray(), JournalEdit.Write(bytes, commits));
        var length = JournalEdit.Write(bytes, commits).Length;
        foreach (var cut in new[] { length - 1, length - 100, length / 2, 70, 64, 10, 0 })
        {
            await RefusedAsync(scene, log, bytes[..cut], $"cut at {cut}", byCommand: cut == length / 2);
        }

        for (var keep = commits.Count - 1; keep > 0; keep--)
        {
            await RefusedAsync(scene, log, JournalEdit.Write(bytes, commits[..keep]), $"{keep} of {commits.Count} commits", byCommand: keep == commits.Count - 1);
        }
    }

    [Fact]
    public async Task A_journal_that_was_edited_reordered_or_extended_never_passes_though_every_checksum_is_right()
    {
        using var scene = await RunAsync();
        var (log, bytes) = Log(scene);

        var edited = JournalEdit.Read(bytes);
        var (commit, index) = Find(edited, "\"inputTokens\":");
        edited[commit][index] = edited[commit][index].WithPayload(edited[commit][index].Payload.Replace("\"inputTokens\":", "\"inputTokens\":1", StringComparison.Ordinal));
        await RefusedAsync(scene, log, JournalEdit.Write(bytes, edited), "a payload was edited", byCommand: true);

        var swapped = JournalEdit.Read(bytes);
        var two = swapped.First(c => c.Count(r => r.IsEvent) > 1);
        int[] events = [.. Enumerable.Range(0, two.Count).Where(i => two[i].IsEvent)];
        (two[events[0]], two[events[1]]) = (two[events[1]], two[events[0]]);
        await RefusedAsync(scene, log, JournalEdit.Write(bytes, swapped), "two records were swapped", byCommand: true);

        var commits = JournalEdit.Read(bytes);
        int[] recorded = [.. Enumerable.Range(0, commits.Count).Where(i => commits[i].Any(r => r.IsEvent))]; // Layers are stored in commits of bodies alone, in any order.
        (commits[recorded[^1]], commits[recorded[^2]]) = (commits[recorded[^2]], commits[recorded[^1]]);
        await RefusedAsync(scene, log, JournalEdit.Write(bytes, commits), "two commits were swapped");

        var extended = JournalEdit.Read(bytes);
        extended.Add([extended.Last(c => c.Any(r => r.IsEvent)).Last(r => r.IsEvent)]);
        await RefusedAsync(scene, log, JournalEdit.Write(bytes, extended), "the last record was appended again", byCommand: true);

        var without = JournalEdit.Read(bytes);
        without[commit].RemoveAt(index);
        await RefusedAsync(scene, log, JournalEdit.Write(bytes, without), "a record was left out");

        var body = JournalEdit.Read(bytes);
        var (c, i) = Find(body, "done", isEvent: false);
        body[c][i] = body[c][i].WithPayload(body[c][i].Payload.Replace("done", "gone", StringComparison.Ordinal));
        await RefusedAsync(scene, log, JournalEdit.Write(bytes, body), "a body was edited");

        var flipped = bytes.ToArray();
        flipped[JournalEdit.Write(bytes, JournalEdit.Read(bytes)).Length / 2] ^= 1;
        await RefusedAsync(scene, log, flipped, "a bit was flipped");

        await File.WriteAllBytesAsync(log, bytes, Cancel);
        await scene.VerifiedAsync();
    }

    private static async Task<Scene> RunAsync()
    {
        var scene = await Scene.NewAsync();
        var model = scene.Model(
            "m", Script.Turn("Look.", Script.Read("code.txt"), Script.Search("a")), Script.Turn("", Script.Write("x.txt", "x\n"), Script.Shell("echo y > y")), Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "auto", "--judge", "true")).Exits(0);
        await scene.VerifiedAsync();
        return scene;
    }

    private static (string Path, byte[] Bytes) Log(Scene scene)
    {
        var path = Directory.EnumerateFiles(Path.Combine(scene.State, "journal")).Single();
        return (path, File.ReadAllBytes(path));
    }

    private static (int Commit, int Record) Find(List<List<JournalEdit.Record>> commits, string text, bool isEvent = true)
    {
        for (var c = commits.Count - 1; c >= 0; c--)
        {
            var at = commits[c].FindLastIndex(r => r.IsEvent == isEvent && r.Payload.Contains(text, StringComparison.Ordinal));
            if (at >= 0)
            {
                return (c, at);
            }
        }

        throw new InvalidOperationException($"No record holds {text}.");
    }

    private static async Task RefusedAsync(Scene scene, string log, byte[] bytes, string what, bool byCommand = false)
    {
        await File.WriteAllBytesAsync(log, bytes, Cancel);
        if (byCommand)
        {
            var result = await scene.CairnAsync("replay", "last", "--verify");
            Assert.True(result.ExitCode is 1 or 2 or 3, $"{what}: passed\n{result.All}");
            result.Exits(result.ExitCode);
            return;
        }

        // The same in this process, where it takes no start.
        try
        {
            await using var cairn = scene.OpenReadOnly();
            var report = await cairn.VerifyAsync((await cairn.FindAsync("last", Cancel)).Id, Cancel);
            Assert.False(report.Passed, $"{what}: passed");
        }
        catch (Exception e) when (e is CairnException or InvalidDataException or IOException)
        {
            Assert.NotEqual("", e.Message);
        }
    }
}
