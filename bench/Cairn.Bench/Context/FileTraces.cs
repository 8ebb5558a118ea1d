using System.Diagnostics;
using System.Globalization;

namespace Cairn.Bench.Context;

/// <summary>A use of a page: a file by its path, or something that is looked at once.</summary>
/// <param name="Page">What is used.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Kind">What it is.</param>
internal sealed record PageUse(string Page, int Tokens, Kernel.PageKind Kind);

/// <summary>
/// Sequences of uses, simulated from git histories: an agent that redoes the commits of a repository one after the other reads
/// the files that each commit touched and their neighbours, changes them, searches, runs the tests and looks back. Which files
/// belong together and come again is the repository's own; that an agent looks at them in this way is an assumption.
/// </summary>
internal static class FileTraces
{
    private const int CommitsOfTrace = 60;
    private const int MaxFileTokens = 8_000;
    private const int MaxFilesOfCommit = 12;

    /// <summary>At least as many traces as asked for: one for each repository, or several from the parts of a longer history.</summary>
    public static IEnumerable<(string Name, List<PageUse> Uses)> Of(IReadOnlyList<string> repositories, int traces)
    {
        var each = (traces + repositories.Count - 1) / repositories.Count;
        foreach (var repository in repositories)
        {
            var commits = Commits(repository);
            var size = Math.Min(CommitsOfTrace, Math.Max(1, commits.Count / each));
            for (var part = 0; part < each && (part + 1) * size <= commits.Count; part++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(Path.GetFullPath(repository))} {part + 1}");
                yield return (name, Session(repository, commits.Skip(part * (commits.Count / each)).Take(size), part));
            }
        }
    }

    private static List<PageUse> Session(string repository, IEnumerable<List<string>> commits, int seed)
    {
        var random = new Random(seed);
        var uses = new List<PageUse>();
        var sizes = new Dictionary<string, int>(StringComparer.Ordinal);
        var touched = new List<string>();
        var once = 0;
        void File(string path, Kernel.PageKind kind = Kernel.PageKind.File) => uses.Add(new(path, Size(repository, path, sizes), kind));
        void Once(int least, int most, Kernel.PageKind kind) => uses.Add(new(string.Create(CultureInfo.InvariantCulture, $"#{once++}"), random.Next(least, most), kind));
        foreach (var commit in commits)
        {
            Once(100, 1_500, Kernel.PageKind.Search);
            foreach (var path in commit.Take(MaxFilesOfCommit))
            {
                File(path);
                if (random.Next(3) == 0 && touched.Count > 0)
                {
                    // What was worked on last is looked at again more often than what lies long back.
                    File(touched[^(1 + (int)(touched.Count * Math.Pow(random.NextDouble(), 3)))]);
                }

                Once(40, 300, Kernel.PageKind.Change);
                File(path);
                touched.Remove(path);
                touched.Add(path);
            }

            Once(200, 4_000, Kernel.PageKind.Command);
        }

        return uses;
    }

    private static int Size(string repository, string path, Dictionary<string, int> sizes)
    {
        if (!sizes.TryGetValue(path, out var tokens))
        {
            var file = new FileInfo(Path.Combine(repository, path));
            tokens = file.Exists ? (int)Math.Clamp(file.Length / 3, 20, MaxFileTokens) : 500;
            sizes[path] = tokens;
        }

        return tokens;
    }

    private static List<List<string>> Commits(string repository)
    {
        var start = new ProcessStartInfo("git", ["-C", repository, "log", "--no-merges", "--reverse", "--name-only", "--format=%x00"]) { RedirectStandardOutput = true };
        using var git = Process.Start(start)!;
        var text = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return [.. text.Split('\0').Select(c => c.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList()).Where(files => files.Count is > 0 and < 60)];
    }
}
