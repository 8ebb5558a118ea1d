using System.Diagnostics;
using Cairn.Sandbox;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>What does harm by its amount: it ends at a limit that is named, leaves nothing behind, and the next command works.</summary>
public abstract class ContainmentConformance : IDisposable
{
    private readonly string _mark = "cairn-bomb-" + Guid.NewGuid().ToString("N");
    private SandboxFixture? _fixture;

    /// <summary>Chooses the backend.</summary>
    protected abstract LayerStoreOptions Options { get; }

    private SandboxFixture Fixture => _fixture ??= new SandboxFixture(options: Options);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _fixture?.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("processes", "b() { b | b & }; b; wait; sleep 9", "pids")]
    [InlineData("processes of their own sessions", "while :; do setsid sleep 9 & done 2>/dev/null", "pids")]
    [InlineData("memory", "head -c 900000000 /dev/zero | tail; exit 1", "memory")]
    [InlineData("memory of a file system", "head -c 900000000 /dev/zero > /tmp/fill; head -c 900000000 /dev/zero > /run/fill; exec tail /dev/zero", "memory")]
    [InlineData("time", "while :; do :; done", "wall time")]
    [InlineData("output", "yes | head -c 300000000", "output")]
    [InlineData("disk", "i=0; while :; do i=$((i+1)); head -c 20000000 /dev/zero > f$i; done", "disk")]
    [InlineData("disk in small files", "mkdir d; cd d; i=0; while :; do i=$((i+1)); : > $i; done", "disk")]
    public async Task A_bomb_ends_at_its_limit_which_is_named_and_nothing_of_it_survives(string kind, string script, string limit)
    {
        await using var workspace = Fixture.Open();
        await SkipUnlessEnforcedAsync(limit);
        var limits = new SandboxLimits { Pids = 64, MemoryBytes = 256 << 20, Wall = TimeSpan.FromSeconds(limit is "wall time" or "pids" ? 2 : 60), OutputBytes = 10_000, DiskBytes = 200 << 20 };
        var result = await workspace.RunAsync(new SandboxCommand(["bash", "-c", $": {_mark}; {script}"]) { Limits = limits }, Cancel);
        Assert.True(result.LimitHit == limit || (limit == "pids" && result.TimedOut), $"{kind}: {result.LimitHit}, {result.ExitCode}, {result.Error}");
        NothingIsLeft();
        workspace.Discard();
        Assert.Equal((0, "fine\n"), await AfterAsync(workspace));
    }

    [Fact]
    public async Task A_hundred_thousand_files_are_frozen_and_dropped()
    {
        await using var workspace = Fixture.Open();
        var result = await Shell(workspace, $"/usr/bin/python3 -c \"import os\nos.mkdir('many')\nfor i in range(100000): os.close(os.open(f'many/{{i}}', os.O_CREAT))\"; echo {_mark}");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(100_001, workspace.Freeze(LayerId.Parse("l1"))!.Changes.Length);
        Assert.Equal((0, "fine\n"), await AfterAsync(workspace));
        NothingIsLeft();
    }

    [Fact]
    public async Task Directories_that_nest_without_end_do_not_bring_the_host_down()
    {
        await using var workspace = Fixture.Open();
        const string nest = "import os\nfor i in range(30000):\n os.mkdir('d')\n os.chdir('d')\nopen('f','w').write('deep')";
        var result = await workspace.RunAsync(new SandboxCommand(["/usr/bin/python3", "-c", nest]), Cancel);
        Assert.True(result.ExitCode == 0 || result.LimitHit == "depth of directories", result.Error);
        workspace.Discard();
        Assert.Null(workspace.Freeze(LayerId.Parse("l1")));
        Assert.Equal((0, "fine\n"), await AfterAsync(workspace));
    }

    [Fact]
    public async Task Paths_that_are_too_long_for_the_system_are_refused_by_name_and_can_be_dropped()
    {
        await using var workspace = Fixture.Open();
        const string nest = "import os\nfor i in range(20):\n os.mkdir('d'*250)\n os.chdir('d'*250)\nopen('f','w').write('deep')";
        Assert.Equal(0, (await workspace.RunAsync(new SandboxCommand(["/usr/bin/python3", "-c", nest]), Cancel)).ExitCode);
        Assert.Equal(FileProblem.TooLarge, Assert.Throws<WorkspaceException>(() => workspace.Freeze(LayerId.Parse("l1"))).Problem);
        workspace.Discard();
        Assert.Null(workspace.Freeze(LayerId.Parse("l1")));
    }

    [Theory]
    [InlineData("b() { b | b & }; b; wait; sleep 9")]
    [InlineData("for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; wait")]
    [InlineData("yes")]
    [InlineData("while :; do head -c 100000000 /dev/zero > f; done")]
    public async Task A_neighbour_goes_on_while_a_bomb_burns(string script)
    {
        await using var bomber = Fixture.Open("bomber");
        await using var neighbour = Fixture.Open("neighbour");
        var calm = await MeasureAsync(neighbour, Task.Delay(Timeout.Infinite, Cancel));
        var command = new SandboxCommand(["bash", "-c", $": {_mark}; {script}"]) { Limits = new() { Pids = 64, OutputBytes = 10_000, Wall = TimeSpan.FromSeconds(20) } };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var bomb = bomber.RunAsync(command, stop.Token);
        var burning = await MeasureAsync(neighbour, bomb);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bomb);

        // The longest of forty is at the mercy of whatever else the machine does; it is printed, not asserted.
        TestContext.Current.TestOutputHelper!.WriteLine($"calm {calm}, burning {burning}");
        Assert.True(burning.Median < 2 * calm.Median, $"calm {calm}, burning {burning}");
        NothingIsLeft();
    }

    private static async Task<(double Median, double Longest)> MeasureAsync(IWorkspace workspace, Task whileRunning)
    {
        var times = new List<double>();
        for (var i = 0; i < 40; i++)
        {
            Assert.False(whileRunning.IsCompleted, "The bomb was over too soon.");
            var start = Stopwatch.GetTimestamp();
            var result = await Shell(workspace, "/usr/bin/python3 -c 'sum(range(2000000))'");
            Assert.Equal(0, result.ExitCode);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        return (times[times.Count / 2], times[^1]);
    }

    private static async Task<(int Code, string Output)> AfterAsync(IWorkspace workspace)
    {
        var result = await Shell(workspace, "echo fine");
        return (result.ExitCode, result.Output);
    }

    private async Task SkipUnlessEnforcedAsync(string limit)
    {
        var name = limit switch { "memory" => "memory limit", "pids" => "process limit", _ => null };
        Assert.SkipUnless(name is null || (await Fixture.Store.ProbeAsync(Cancel)).Single(f => f.Name == name).Ok, "There is no cgroup for it here.");
    }

    /// <summary>By the process table of the whole machine.</summary>
    private void NothingIsLeft() => Assert.DoesNotContain(EndToEnd.Scene.Running(_mark), c => !c.Contains("Cairn.Tests", StringComparison.Ordinal));
}
