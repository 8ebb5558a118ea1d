using System.Diagnostics;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>The state directory in trouble: in use, full, from a newer Cairn; and a person who presses Ctrl-C.</summary>
public sealed class StateDirectoryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ctrl_C_stops_a_run_within_two_seconds_and_says_how_to_go_on()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("Long.", Script.Shell("echo 1 >> counter; test -e stop || { touch stop; sleep 30; }")), Script.Turn("", Script.Complete()));
        var inside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var child = scene.Start(
            (_, line, _) => _ = line.Contains("tool.started", StringComparison.Ordinal) && inside.TrySetResult(),
            scene.RunArguments(model, "--merge", "auto", "--json"));
        await inside.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        var stopping = Stopwatch.StartNew();
        child.PressCtrlC();
        (await child.EndAsync(Cancel)).Exits(130);
        Assert.True(stopping.Elapsed < TimeSpan.FromSeconds(2), $"It took {stopping.Elapsed}.");
        await Scene.NobodyRunsAsync(scene.Root);
        Assert.Equal("paused", (await scene.JsonAsync("runs"))[0]!["status"]!.GetValue<string>());

        // The layer of the cut-off command is dropped, so the command sees neither its counter nor its mark: give it one.
        scene.Put("stop", "");
        (await scene.CairnAsync("resume", "last")).Exits(0);
        Assert.Equal("1\n", await File.ReadAllTextAsync(scene.In("counter"), Cancel));
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task Ctrl_C_in_a_terminal_view_shows_the_command_that_resumes()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("Long.", Script.Shell("echo begun; sleep 30")), Script.Turn("", Script.Complete()));
        var inside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var child = scene.Start(
            (_, line, _) => _ = line.Contains("begun", StringComparison.Ordinal) && inside.TrySetResult(), scene.RunArguments(model));
        await inside.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        child.PressCtrlC();
        (await child.EndAsync(Cancel)).Exits(130).Says($"cairn resume {await scene.IdAsync()}");
        await Scene.NobodyRunsAsync(scene.Root);
    }

    [Fact]
    public async Task A_second_Cairn_on_the_same_state_directory_is_refused_but_may_look()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("Long.", Script.Shell("echo begun; sleep 30")), Script.Turn("", Script.Complete()));
        var inside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var child = scene.Start(
            (_, line, _) => _ = line.Contains("begun", StringComparison.Ordinal) && inside.TrySetResult(), scene.RunArguments(model));
        await inside.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        (await scene.RunAsync(model)).Exits(2).Says("state directory", scene.State);
        (await scene.CairnAsync("resume", "last")).Exits(2);
        (await scene.CairnAsync("log", "last")).Exits(0);
        Assert.Single((await scene.JsonAsync("runs")).AsArray());
        child.Kill();
        await child.EndAsync(Cancel);
        await Scene.NobodyRunsAsync(scene.Root);
    }

    [Fact]
    public async Task A_journal_of_a_newer_version_is_refused_and_left_alone()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model)).Exits(0);
        var log = Directory.EnumerateFiles(Path.Combine(scene.State, "journal")).Single();
        var bytes = await File.ReadAllBytesAsync(log, Cancel);
        bytes[8] = 99;
        BitConverter.TryWriteBytes(bytes.AsSpan(60), JournalEdit.Crc32C(bytes.AsSpan(0, 60)));
        await File.WriteAllBytesAsync(log, bytes, Cancel);
        foreach (var call in (string[][])[["runs"], ["log", "last"], ["resume", "last"], ["replay", "last", "--verify"]])
        {
            Assert.NotEqual(0, (await scene.CairnAsync(call)).Says("newer").ExitCode);
        }

        Assert.NotEqual(0, (await scene.RunAsync(model)).Says("newer").ExitCode);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(log, Cancel));
    }

    [Fact]
    public async Task A_full_disk_is_a_clear_error_and_the_run_goes_on_once_there_is_room()
    {
        using var scene = await Scene.NewAsync();
        await using var disk = await SmallDisk.MountAsync(scene.Root, "24m");
        scene.State = Path.Combine(disk.Path, "state");
        var model = scene.Model(
            "m",
            Script.Turn("One.", Script.Shell("echo one > one.txt")),
            // The names of many files make the layer's description larger than whatever space the command's end gives back.
            Script.Turn("Two.", Script.Shell("for i in $(seq 2000); do : > empty$i; done; head -c 3000000 /dev/urandom > two.bin")),
            Script.Turn("Three.", Script.Shell("echo three > three.txt")),
            Script.Turn("", Script.Complete()));
        disk.Fill(leave: 2_000_000);
        var full = await scene.RunAsync(model, "--merge", "auto");
        full.Says("space");
        Assert.NotEqual(0, full.ExitCode);
        Assert.DoesNotContain("   at ", full.All, StringComparison.Ordinal);
        disk.Free();
        (await scene.CairnAsync("journal", "verify")).Exits(0);
        var status = (await scene.JsonAsync("runs"))[0]!;
        if (!status["ended"]!.GetValue<bool>())
        {
            (await scene.CairnAsync("resume", "last")).Exits(0);
        }

        await scene.VerifiedAsync();
        Assert.True(File.Exists(scene.In("one.txt")), "What was done before the disk was full is lost.");
        Assert.True(File.Exists(scene.In("three.txt")));
    }

    [Fact]
    public async Task A_disk_without_room_for_the_first_record_is_a_clear_error()
    {
        using var scene = await Scene.NewAsync();
        await using var disk = await SmallDisk.MountAsync(scene.Root, "1m");
        scene.State = Path.Combine(disk.Path, "state");
        disk.Fill(leave: 0);
        var model = scene.Model("m", Script.Turn("", Script.Complete()));
        var full = await scene.RunAsync(model);
        Assert.NotEqual(0, full.ExitCode);
        Assert.DoesNotContain("   at ", full.All, StringComparison.Ordinal);
        disk.Free();
        (await scene.RunAsync(model)).Exits(0);
    }
}
