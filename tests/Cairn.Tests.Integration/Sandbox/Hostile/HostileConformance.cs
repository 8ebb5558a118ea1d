using System.Diagnostics;
using Cairn.Sandbox;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox.Hostile;

/// <summary>Each attempt to get out works where a protection was left off, and not in the backend's sandbox.</summary>
public abstract class HostileConformance
{
    /// <summary>Chooses the backend.</summary>
    protected abstract LayerStoreOptions Options { get; }

    public static TheoryData<string> Names => [.. Probes.All.Select(p => p.Name)];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_gets_out_of_a_weakened_sandbox_does_not_get_out_of_this_one(string name)
    {
        var probe = Probes.All.Single(p => p.Name == name);
        Assert.SkipWhen(probe.NeedsRoot && !Environment.IsPrivilegedProcess, "Only root can weaken a sandbox so far.");
        using var arena = new Arena(Options);
        var weak = await arena.WeakAsync(probe.Weakness, probe.Script, Cancel);
        Assert.True(weak.Contains(Arena.Mark, StringComparison.Ordinal), $"The attempt does not even work without the protection: {weak}");
        OnHost("find", arena.Fixture.Repository, "-newer", arena.Fixture.In("probe"), "-not", "-path", "*.sock", "-type", "l,f", "-links", "+1", "-delete");
        OnHost("rm", "-rf", arena.Fixture.In("link"), arena.Fixture.In("stolen"), arena.Fixture.In("zero"), arena.Fixture.In("m"), arena.Fixture.In("package.json"));

        var ours = await arena.OursAsync(probe.Script, Cancel);
        Assert.Null(ours.LimitHit);
        Assert.DoesNotContain(Arena.Mark, ours.Output + ours.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_set_uid_program_gives_nobody_its_owners_rights()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "A set-uid program of root is made by root.");
        using var arena = new Arena(Options);
        OnHost("cp", arena.Fixture.In("probe"), arena.Fixture.In("suid"));
        OnHost("chown", "12345:12345", arena.Fixture.Repository);
        OnHost("chown", "0:0", arena.Fixture.In("suid"));
        OnHost("chmod", "4755", arena.Fixture.In("suid"));
        OnHost("chmod", "755", Path.GetDirectoryName(arena.Fixture.Repository)!);
        var weak = new ProcessStartInfo("setpriv", ["--reuid", "12345", "--regid", "12345", "--clear-groups", arena.Fixture.In("suid"), "root"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        Assert.Contains(Arena.Mark, await Arena.OutputAsync(weak, Cancel), StringComparison.Ordinal);
        var ours = await arena.OursAsync("id -u; ./suid root", Cancel);
        Assert.StartsWith("12345\n", ours.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Arena.Mark, ours.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_library_that_the_environment_names_is_loaded_inside_only()
    {
        using var arena = new Arena(Options);
        File.Copy(Arena.Compile("preload.c", "-shared", "-fPIC", $"-DCANARY=\"{arena.Canary}\""), arena.Fixture.In("evil.so"));
        var evil = arena.Fixture.In("evil.so");
        var weak = new ProcessStartInfo("bwrap", ["--ro-bind", "/", "/", "--tmpfs", Path.GetDirectoryName(arena.Canary)!, "/bin/true"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["LD_PRELOAD"] = evil },
        };
        Assert.Contains(Arena.Mark, await Arena.OutputAsync(weak, Cancel), StringComparison.Ordinal);
        await using var workspace = arena.Fixture.Open();
        var variables = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("LD_PRELOAD", evil);
        var ours = await workspace.RunAsync(new SandboxCommand(["sh", "-c", "echo loaded; grep -c evil.so /proc/self/maps"]) { Environment = variables }, Cancel);
        Assert.Contains("loaded", ours.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Arena.Mark, ours.Output + ours.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("git config core.fsmonitor 'touch @OUTSIDE@/owned #'", "status")]
    [InlineData("git config alias.st '!touch @OUTSIDE@/owned'", "st")]
    [InlineData("git config core.pager 'touch @OUTSIDE@/owned #'", "-p", "status")]
    [InlineData("printf '#!/bin/sh\\ntouch @OUTSIDE@/owned\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit", "commit", "--allow-empty", "-m", "x")]
    [InlineData("git -C sub config core.fsmonitor 'touch @OUTSIDE@/owned #'", "status")]
    [InlineData("mv sub/.git sub/.old; git init -q sub; git -C sub config core.fsmonitor 'touch @OUTSIDE@/owned #'; git -C sub -c user.name=T -c user.email=t@t commit -q --allow-empty -m x", "status")]
    public async Task What_a_command_plants_for_git_never_runs_when_people_call_git(string plant, params string[] git)
    {
        using var arena = new Arena(Options);
        var owned = Path.Combine(Path.GetDirectoryName(arena.Canary)!, "owned");
        const string start = "rm -rf .git *.sock; git init -q; git init -q sub; git -C sub -c user.name=T -c user.email=t@t commit -q --allow-empty -m sub; git add -A 2>/dev/null; git -c user.name=T -c user.email=t@t commit -q -m start";
        await HostGitAsync(arena, start);
        await HostGitAsync(arena, $"cp -a @REPO@ @REPO@-weak; cd @REPO@-weak; {plant}");
        OnHost("rm", "-f", owned);
        await HostGitAsync(arena, $"cd @REPO@-weak; git -c user.name=T -c user.email=t@t {string.Join(' ', git)}");
        Assert.True(File.Exists(owned), "The attempt does not even work where .git can be written.");
        OnHost("rm", owned);

        await using var workspace = arena.Fixture.Open();
        await workspace.RunAsync(new SandboxCommand(["bash", "-c", arena.Fill($"echo work > work.txt; {plant}")]), Cancel);
        workspace.Freeze(LayerId.Parse("l1"));
        arena.Fixture.Store.ApplyMerge(arena.Fixture.Store.PlanMerge(arena.Fixture.Repository, workspace.Top));
        Assert.True(File.Exists(arena.Fixture.In("work.txt")));
        await HostGitAsync(arena, $"git -c user.name=T -c user.email=t@t {string.Join(' ', git)}");
        Assert.False(File.Exists(owned));
    }

    private static Task<string> HostGitAsync(Arena arena, string script) => Arena.OutputAsync(
        new ProcessStartInfo("script", ["-qec", arena.Fill(script), "/dev/null"])
        {
            WorkingDirectory = arena.Fixture.Repository, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            // A pager of the machine's own would wait for a key; the repository's comes before this one.
            Environment = { ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_CONFIG_NOSYSTEM"] = "1", ["PAGER"] = "cat" },
        },
        Cancel);

    [Fact]
    public async Task A_file_tool_that_races_with_a_changing_link_never_reads_outside()
    {
        using var arena = new Arena(Options);
        Directory.CreateDirectory(arena.Fixture.In("d"));
        File.WriteAllText(arena.Fixture.In("d/canary"), "inside\n");
        var outside = Path.GetDirectoryName(arena.Canary)!;

        // A reader that looks first and opens then loses the race.
        OnHost("ln", "-s", outside, arena.Fixture.In("l"));
        using (var racer = Process.Start(new ProcessStartInfo(arena.Fixture.In("probe"), ["swap", "d", "l", "4"]) { WorkingDirectory = arena.Fixture.Repository, RedirectStandardOutput = true })!)
        {
            Assert.True(NaiveReaderLoses(arena.Fixture.In("d"), racer));
            racer.Kill();
            await racer.WaitForExitAsync(Cancel);
        }

        OnHost("rm", "-rf", arena.Fixture.In("d"), arena.Fixture.In("l"));
        await using var workspace = arena.Fixture.Open();
        var race = Shell(workspace, $"mkdir d; echo inside > c; mv c d/canary; ln -s {outside} l; ./probe swap d l 3");
        var (inside, refused) = (0, 0);
        while (!race.IsCompleted)
        {
            try
            {
                Assert.Equal("inside\n"u8.ToArray(), workspace.Read("d/canary", 1000).Content.ToArray());
                inside++;
            }
            catch (WorkspaceException e)
            {
                // Also read it in this form: between the look-up and the opening the name was the link.
                Assert.DoesNotContain(Arena.Mark, e.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        var result = await race;
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.True(inside > 0 && refused > 0, $"There was no race: {inside} read, {refused} refused.");
    }

    private static bool NaiveReaderLoses(string directory, Process racer)
    {
        while (!racer.HasExited)
        {
            try
            {
                if (new DirectoryInfo(directory).LinkTarget is null && File.ReadAllText(Path.Combine(directory, "canary")).Contains(Arena.Mark, StringComparison.Ordinal))
                {
                    return true;
                }
            }
            catch (IOException)
            {
                // Caught in the middle of a change.
            }
        }

        return false;
    }
}
