using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>The real merge, on a real directory, dies before every one of its operations: all or nothing after recovery.</summary>
public sealed class MergeCrashTests
{
    private const string Work = "echo two > readme.txt; /usr/bin/python3 -c 'import os; [os.setxattr(p, b\"user.note\", b\"text\") for p in (\"readme.txt\", \"empty2\")]'; chmod 711 empty2; rm -r src; rm clash; ln -s x clash; echo file > src; rm run.sh; mkdir run.sh; echo f > run.sh/f; ln -sfn x inside; mkdir -p p/q; echo q > p/q/r; rmdir empty; chmod 600 p/q/r; chmod 700 run.sh";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_merge_that_dies_before_any_of_its_operations_is_whole_after_the_next_try(bool powerFails)
    {
        var operations = new List<string>();
        for (var at = 0; ; at++)
        {
            using var fixture = new SandboxFixture();
            var (plan, before, after) = await PrepareAsync(fixture);
            var n = 0;
            fixture.Store.MergeCrash = operation =>
            {
                if (n++ == at)
                {
                    operations.Add(operation);
                    throw new TimeoutException("killed");
                }
            };
            try
            {
                fixture.Store.ApplyMerge(plan);
                break;
            }
            catch (TimeoutException)
            {
                // As after kill -9: no clean-up ran.
            }

            var here = await ManifestAsync(fixture, "looker");
            Assert.All(here, entry => Assert.True(before.Contains(entry) || after.Contains(entry) || IsOnItsWay(entry), $"{operations[^1]} left {entry}"));
            if (powerFails && !operations.Any(o => o.StartsWith("syncfs", StringComparison.Ordinal)))
            {
                LoseBytes(fixture);
            }

            fixture.Restart();
            fixture.Store.ApplyMerge(plan);
            Assert.Equal(after, await ManifestAsync(fixture, "reader"));
            Assert.False(Directory.Exists(fixture.In(".git/cairn-merge-l1")), operations[^1]);
            fixture.Store.ApplyMerge(plan);
        }

        Assert.Superset(new HashSet<string> { "setxattr", "mkdir", "create", "write", "symlink", "chmod", "syncfs", "rename", "rmdir", "fsync", "unlink" },
            operations.Select(o => o.Split(' ')[0]).ToHashSet());
        Assert.True(operations.Count > 40);
    }

    /// <summary>A power failure may keep later renames and lose earlier ones: any part of the plan may be done.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task A_merge_of_which_any_part_survived_is_whole_after_the_next_try(int seed)
    {
        using var fixture = new SandboxFixture();
        var (plan, _, after) = await PrepareAsync(fixture);
        var random = new Random(seed);
        foreach (var change in plan.Changes.Where(c => !c.Path.StartsWith("clash", StringComparison.Ordinal) && c.Kind != EntryKind.Directory && !Directory.Exists(fixture.In(c.Path)) && Directory.Exists(Path.GetDirectoryName(fixture.In(c.Path)))))
        {
            if (random.Next(2) == 0)
            {
                fixture.Store.ApplyMerge(plan with { Changes = [change] });
            }
        }

        fixture.Store.ApplyMerge(plan);
        Assert.Equal(after, await ManifestAsync(fixture, "reader"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_interrupted_merge_is_taken_back_when_somebody_changed_one_of_its_paths_meanwhile(bool diesAgain)
    {
        const int Stride = 3;
        var takenBack = 0;
        for (var at = 0; ; at += Stride)
        {
            using var fixture = new SandboxFixture();
            var (plan, before, after) = await PrepareAsync(fixture);
            if (Apply(fixture, plan, at) != "killed" || (await ManifestAsync(fixture, "looker")).SequenceEqual(after))
            {
                break;
            }

            File.WriteAllText(fixture.In("readme.txt"), "mine\n");
            var wasBegun = Directory.Exists(fixture.In(".git/cairn-merge-l1"));
            var again = diesAgain ? 0 : int.MaxValue;
            string answer;
            while ((answer = Apply(fixture, plan, again)) == "killed")
            {
                again += Stride;
            }

            Assert.Contains("'readme.txt' changed in the repository", answer, StringComparison.Ordinal);
            Assert.Equal(wasBegun, answer.Contains("are as they were before it", StringComparison.Ordinal));
            takenBack += wasBegun ? 1 : 0;
            Assert.Equal(before.Where(e => e.Path != "readme.txt"), (await ManifestAsync(fixture, "reader")).Where(e => e.Path != "readme.txt"));
            Assert.Equal("mine\n", File.ReadAllText(fixture.In("readme.txt")));
            Assert.False(Directory.Exists(fixture.In(".git/cairn-merge-l1")));
        }

        Assert.True(takenBack > 10);
    }

    /// <summary>One attempt in a new process, which dies at an operation.</summary>
    private static string Apply(SandboxFixture fixture, MergePlan plan, int at)
    {
        var n = 0;
        fixture.Restart();
        fixture.Store.MergeCrash = _ =>
        {
            if (n++ == at)
            {
                throw new TimeoutException("killed");
            }
        };
        try
        {
            fixture.Store.ApplyMerge(plan);
            return "merged";
        }
        catch (TimeoutException e)
        {
            return e.Message;
        }
        catch (WorkspaceException e)
        {
            return e.Message;
        }
        finally
        {
            fixture.Store.MergeCrash = null;
        }
    }

    /// <summary>What was not synced has its name and none of its bytes.</summary>
    private static void LoseBytes(SandboxFixture fixture)
    {
        var staging = fixture.In(".git/cairn-merge-l1");
        if (Directory.Exists(staging))
        {
            foreach (var file in new DirectoryInfo(staging).GetFiles().Where(f => f.LinkTarget is null))
            {
                using var stream = file.OpenWrite();
                stream.SetLength(0);
            }
        }
    }

    // A new directory has its final mode from the start; one that gives way may be empty already.
    private static bool IsOnItsWay(ManifestEntry entry) => entry.Kind == EntryKind.Directory;

    private static async Task<(MergePlan Plan, IReadOnlyList<ManifestEntry> Before, IReadOnlyList<ManifestEntry> After)> PrepareAsync(SandboxFixture fixture)
    {
        Directory.CreateDirectory(fixture.In("empty2"));
        File.WriteAllText(fixture.In("clash"), "1\n");
        await using var workspace = fixture.Open();
        var result = await Shell(workspace, Work);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        workspace.Freeze(LayerId.Parse("l1"));
        var after = workspace.Manifest();

        // A clash that somebody decided about is part of the plan like everything else.
        File.Delete(fixture.In("clash"));
        Directory.CreateDirectory(fixture.In("clash/below"));
        File.WriteAllText(fixture.In("clash/below/mine"), "mine");
        var conflict = Assert.Single(fixture.Store.PlanMerge(fixture.Repository, LayerId.Parse("l1")).Conflicts);
        var plan = fixture.Store.PlanMerge(fixture.Repository, LayerId.Parse("l1"), [new(conflict, ConflictChoice.Run)]);
        Assert.Empty(plan.Conflicts);
        return (plan, await ManifestAsync(fixture, "first"), after);
    }

    private static async Task<IReadOnlyList<ManifestEntry>> ManifestAsync(SandboxFixture fixture, string reader)
    {
        await using var workspace = fixture.Open(reader);
        return workspace.Manifest();
    }
}
