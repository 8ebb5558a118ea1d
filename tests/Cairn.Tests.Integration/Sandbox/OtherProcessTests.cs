using System.Diagnostics;
using Cairn.Sandbox;
using Cairn.Tests.Integration.Sandbox.Backends;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>What needs another process of ours: one that is killed, one of an ordinary user.</summary>
public sealed class OtherProcessTests
{
    private const string Directory = "CAIRN_TEST_DIRECTORY";
    private const string Backend = "CAIRN_TEST_BACKEND";
    private const string Mark = "984316";
    private static readonly string[] Suites =
    [
        nameof(LayeredWorkspaceConformanceTests), nameof(LayerStoreTests), nameof(MergeTests), "Backends." + nameof(BoxSandboxCommandTests),
        "Backends." + nameof(BubblewrapSandboxCommandTests), "Backends." + nameof(BoxIsolationTests), "Backends." + nameof(BubblewrapIsolationTests),
        "Backends." + nameof(BoxSeccompTests), "Backends." + nameof(BubblewrapSeccompTests), "Backends." + nameof(BoxProcessEffectsTests),
        "Backends." + nameof(BubblewrapProcessEffectsTests), nameof(BesideShellsTests),
    ];

    /// <summary>Only ever run by the test below, in a process of its own.</summary>
    [Fact(Explicit = true)]
    public async Task Inner_runs_a_command_until_it_is_killed()
    {
        var root = Environment.GetEnvironmentVariable(Directory)!;
        var options = new LayerStoreOptions { Backend = Environment.GetEnvironmentVariable(Backend) };
        using var store = new LayerStore(Path.Combine(root, "state"), new MemoryBlobs(), TimeProvider.System, options);
        await using var w = store.Open(RunId.Parse("r"), Path.Combine(root, "repo"), null);
        var script = $"echo x > made; touch '{root}/repo/started'; setsid sleep {Mark} & sleep {Mark}";
        await w.RunAsync(new SandboxCommand(["sh", "-c", script]) { OnOutput = _ => { } }, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("box")]
    [InlineData("bubblewrap")]
    public async Task Commands_die_with_a_killed_process_and_the_next_one_starts_clean(string backend)
    {
        var root = System.IO.Directory.CreateTempSubdirectory("cairn-kill-").FullName;
        try
        {
            System.IO.Directory.CreateDirectory(Path.Combine(root, "repo"));
            using var inner = Start([Self, "-method", $"{typeof(OtherProcessTests).FullName}.{nameof(Inner_runs_a_command_until_it_is_killed)}", "-explicit", "only"], root, backend);
            await Until(() => Running() > 0);
            inner.Kill();
            await inner.WaitForExitAsync(TestContext.Current.CancellationToken);
            await Until(() => Running() == 0);

            using var store = new LayerStore(Path.Combine(root, "state"), new MemoryBlobs(), TimeProvider.System);
            await using var w = store.Open(RunId.Parse("r"), Path.Combine(root, "repo"), null);
            Assert.Empty(w.Manifest());
        }
        finally
        {
            System.IO.Directory.Delete(root, true);
        }
    }

    [Fact]
    public async Task All_of_it_works_for_an_ordinary_user()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Already an ordinary user: the other tests show it.");
        var root = System.IO.Directory.CreateTempSubdirectory("cairn-user-").FullName;
        try
        {
            SandboxFixture.OnHost("cp", "-r", AppContext.BaseDirectory, Path.Combine(root, "bin"));
            SandboxFixture.OnHost("chown", "-R", "65534:65534", root);
            string[] suites = [.. Suites.SelectMany(s => new[] { "-class", $"{typeof(OtherProcessTests).Namespace}.{s}" })];
            string[] user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];
            using var inner = Start([.. user, Path.Combine(root, "bin", Path.GetFileName(Self)), "-noColor", "-noLogo", .. suites], root);
            var output = await inner.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await inner.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(inner.ExitCode == 0, output);
            Assert.Contains("Failed: 0", output, StringComparison.Ordinal);
        }
        finally
        {
            System.IO.Directory.Delete(root, true);
        }
    }

    private static string Self => Environment.ProcessPath!;

    private static Process Start(string[] command, string root, string? backend = null)
    {
        // An ordinary user may not even enter the folder that this process was started in.
        var info = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, WorkingDirectory = root };
        info.Environment[Directory] = root;
        info.Environment["HOME"] = root;
        info.Environment[Backend] = backend;
        return Process.Start(info)!;
    }

    private static async Task Until(Func<bool> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var patience = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(30), "It did not happen.");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The sleepers themselves, not the test processes that carry the mark in a script.</summary>
    private static int Running() =>
        System.IO.Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])).Count(d => CommandLine(d) == $"sleep\0{Mark}\0");

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(process + "/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
