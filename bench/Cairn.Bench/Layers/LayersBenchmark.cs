using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cairn.Bench.Retention;
using Cairn.Bench.Steps;
using Cairn.Bench.Workload;

namespace Cairn.Bench.Layers;

/// <summary>Checkpoint, fork, rollback, diff and merge of a tree, beside git worktrees and copies, and by depth of the stack.</summary>
internal static class LayersBenchmark
{
    private const string Worktree = "git worktree add";
    private const string Copy = "cp -a";
    private const string Reflink = "cp --reflink";

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "files", "dirty", "depth", "rounds", "against", "dir", "json");
        var root = Path.Combine(Path.GetFullPath(options.Text("dir", Environment.CurrentDirectory)), $".cairn-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(root);
        try
        {
            var (rounds, load) = (options.Number("rounds", 10), Machine.Load());
            var rows = new List<LayersRow>();
            var left = new List<string>();
            var settings = Machine.Settings(root);
            foreach (var files in options.Numbers("files", "5000"))
            {
                await using var tree = await BenchTree.MakeAsync(Path.Combine(root, $"f{files}"), files, cancellationToken);
                if (!tree.HasReflinks)
                {
                    left.Add($"{Reflink} of {files} files: {settings["disk"]} has no reflinks");
                }

                // Copies of 50,000 files take minutes for each round.
                if (options.Text("against", "copies") == "copies")
                {
                    rows.AddRange(await CopiesAsync(tree, rounds, cancellationToken));
                }
                else
                {
                    left.Add($"{Worktree} and {Copy} of {files} files: left out by --against");
                }

                foreach (var dirty in options.Numbers("dirty", "1,100").Where(d => d <= files))
                {
                    rows.AddRange(await StepsAsync(tree, dirty, rounds, cancellationToken));
                }

                foreach (var depth in options.Numbers("depth", "1,20,100"))
                {
                    rows.AddRange(await DepthAsync(tree, depth, rounds, cancellationToken));
                }
            }

            var report = new LayersReport(
                "layers", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), settings, load, Machine.Load(),
                rounds, SourceTree.FileBytes, rows, left);
            var json = JsonSerializer.Serialize(report, BenchJson.Default.LayersReport);
            Directory.CreateDirectory("artifacts/bench");
            await File.WriteAllTextAsync($"artifacts/bench/layers-{DateTimeOffset.UtcNow:yyyyMMdd-HHmmss}.json", json, cancellationToken);
            output.WriteLine(options.Has("json") ? json : report.Text());
            return 0;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>A second tree to work in: what a fork is, and what others copy. The clock stops when a command in it has ended.</summary>
    private static async Task<IEnumerable<LayersRow>> CopiesAsync(BenchTree tree, int rounds, CancellationToken cancellationToken)
    {
        (string Name, Func<int, Task<double>> Run)[] kinds =
        [
            ("fork, first command ended", n => tree.ForkAsync(n, true, cancellationToken)),
            ("the same again (A/A)", n => tree.ForkAsync(n, true, cancellationToken)),
            (Worktree, n => tree.CopyAsync(["git", "-C", tree.Repository, "worktree", "add", "--quiet", "--detach", tree.Scratch(n)], n, cancellationToken)),
            (Copy, n => tree.CopyAsync(["cp", "-a", tree.Repository, tree.Scratch(n)], n, cancellationToken)),
            .. tree.HasReflinks
                ? [(Reflink, (Func<int, Task<double>>)(n => tree.CopyAsync(["cp", "-a", "--reflink=always", tree.Repository, tree.Scratch(n)], n, cancellationToken)))]
                : Array.Empty<(string, Func<int, Task<double>>)>(),
        ];
        var times = await RoundsAsync(kinds, rounds);
        return kinds.SelectMany((kind, i) => i == 0
            ? [Row(tree, 0, 0, kind.Name, times[0], kinds[2].Name, times[2]), Row(tree, 0, 0, kind.Name, times[0], kinds[3].Name, times[3])]
            : new[] { Row(tree, 0, 0, kind.Name, times[i], i == 1 ? kinds[0].Name : "", times[0]) });
    }

    private static async Task<IEnumerable<LayersRow>> StepsAsync(BenchTree tree, int dirty, int rounds, CancellationToken cancellationToken)
    {
        (string Name, Func<int, Task<double>> Run)[] kinds =
        [
            ("checkpoint", n => tree.CheckpointAsync(dirty)),
            ("fork", n => tree.ForkAsync(n, false, cancellationToken)),
            ("rollback", n => tree.RollBackAsync(false, cancellationToken)),
            ("rollback, first command ended", n => tree.RollBackAsync(true, cancellationToken)),
            ("diff", n => tree.DiffAsync()),
            ("merge", n => tree.MergeAsync(dirty)),
        ];
        var times = await RoundsAsync(kinds, rounds);
        return kinds.Select((kind, i) => Row(tree, dirty, 0, kind.Name, times[i], "", times[i]));
    }

    private static async Task<IEnumerable<LayersRow>> DepthAsync(BenchTree tree, int depth, int rounds, CancellationToken cancellationToken)
    {
        await tree.DeepenAsync(depth);
        (string Name, Func<int, Task<double>> Run)[] kinds =
        [
            ("checkpoint", n => tree.CheckpointAsync(1)),
            ("fork", n => tree.ForkAsync(n, false, cancellationToken)),
            ("fork, first command ended", n => tree.ForkAsync(n, true, cancellationToken)),
            ("rollback to the middle, first time", n => tree.MiddleAsync(n, rounds, cancellationToken)),
        ];
        var times = await RoundsAsync(kinds, rounds);
        return kinds.Select((kind, i) => Row(tree, 1, depth, kind.Name, times[i], "", times[i]));
    }

    private static async Task<List<double>[]> RoundsAsync((string Name, Func<int, Task<double>> Run)[] kinds, int rounds)
    {
        var times = kinds.Select(_ => new List<double>()).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            // ABBA: each second round goes backwards, so that a machine that warms up favours nobody.
            foreach (var i in round % 2 == 0 ? Enumerable.Range(0, kinds.Length) : Enumerable.Range(0, kinds.Length).Reverse())
            {
                var time = await kinds[i].Run(round);
                if (round >= 0)
                {
                    times[i].Add(time);
                }
            }
        }

        return times;
    }

    private static LayersRow Row(BenchTree tree, int dirty, int depth, string name, List<double> times, string against, List<double> others)
    {
        var (ratio, low, high) = Bootstrap.Ratio(others, times);
        return new(tree.Files, dirty, depth, name, Bootstrap.Median(times), times.Max(), against, ratio, low, high, times);
    }
}
