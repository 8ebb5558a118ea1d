using Cairn.Memory.Grounding;

namespace Cairn.Tests.Integration.Code;

/// <summary>
/// What people committed was right, or they would not have kept it: the gate is run over real commits, and what it would have
/// stopped is counted. Run by hand with CAIRN_HISTORIES naming git directories, divided by ':'.
/// </summary>
public sealed class FalseBlockTests
{
    private const int Commits = 200;

    [Fact(Explicit = true)]
    public void Fewer_than_one_of_a_hundred_real_commits_would_have_been_stopped()
    {
        var repositories = (Environment.GetEnvironmentVariable("CAIRN_HISTORIES") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(repositories);
        var (seen, stopped, doubted) = (0, new List<string>(), 0);
        foreach (var repository in repositories)
        {
            using var git = new CommitReader(repository);
            var all = git.Run("log", "--no-merges", "--min-parents=1", "--format=%H %P", "--since=2014-01-01", "--", "*.py", "*.js", "*.ts", "*.tsx", "*.sql").Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var count = Math.Min(all.Length, (Commits + repositories.Length - 1) / repositories.Length);
            foreach (var line in Enumerable.Range(0, count).Select(i => all[(int)((long)i * all.Length / count)].Split(' ')))
            {
                var (before, after) = (new CommitTree(git, line[1]), new CommitTree(git, line[0]));
                var found = GroundingGate.Change(git.Run("diff", "--name-only", "--no-renames", line[1], line[0]).Split('\n', StringSplitOptions.RemoveEmptyEntries), before, after);
                seen++;
                doubted += found.IsEmpty ? 0 : 1;
                stopped.AddRange(found.Any(each => each.Certain) ? [$"{repository} {line[0]}"] : []);
                TestContext.Current.TestOutputHelper?.WriteLine($"{line[0][..10]} {GroundingGate.Describe(found)}");
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{seen} commits, {stopped.Count} would have been stopped, {doubted} told of something");
        Assert.True(stopped.Count * 100 < seen, string.Join('\n', stopped));
    }
}
