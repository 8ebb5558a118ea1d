using System.Globalization;
using System.Text.Json;
using Cairn.Bench.Workload;

namespace Cairn.Bench.Steps;

/// <summary>
/// Durable steps side by side: the disk alone, Cairn's storage, Cairn's whole kernel, and other systems; every sample in
/// fresh processes and a fresh directory, the variants of a cell in ABBA order.
/// </summary>
internal static class StepsBenchmark
{
    /// <summary>A layer is a few files, each synced: a sample of more would take many minutes.</summary>
    private const int MaxFileSteps = 20_000;

    private static readonly (string Variant, string Name)[] Own =
    [
        ("floor-growing", "disk: write+fdatasync, growing file"),
        ("floor-filled", "disk: write+fdatasync, zero-filled"),
        ("storage", "Cairn storage"),
        ("storage", "Cairn storage (A/A control)"),
        ("kernel-code", "Cairn kernel, code agent"),
        ("kernel-computing", "Cairn kernel, agent only computes"),
        ("kernel-model", "Cairn kernel, model agent"),
        ("files-embedded", "Cairn embedded, real files"),
        ("files-daemon", "Cairn daemon over HTTP, real files"),
    ];

    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken cancellationToken)
    {
        var options = new BenchOptions(args, "runs", "steps", "kb", "rounds", "edge-rounds", "peers", "only", "seconds", "max-mb", "dir", "json");
        var directory = Path.GetFullPath(options.Text("dir", Environment.CurrentDirectory));
        var log = options.Has("json") ? Console.Error : output;
        var scratch = Path.Combine(directory, $".cairn-bench-{Environment.ProcessId}");
        var artifacts = Path.Combine(Environment.CurrentDirectory, "artifacts", "bench");
        Directory.CreateDirectory(scratch);
        Directory.CreateDirectory(artifacts);
        try
        {
            var before = Machine.Load();
            var peers = Peers(options.Text("peers", "langgraph,restate,dbos"), Path.Combine(artifacts, "peers"), log);
            var results = new List<VariantResult>();
            foreach (var steps in options.Numbers("steps", "10,1000"))
            {
                foreach (var runs in options.Numbers("runs", "1,16,256"))
                {
                    foreach (var kb in options.Numbers("kb", "1,4,64"))
                    {
                        var cell = new Cell(runs, steps, kb, options.Number("seconds", 60), options.Number("max-mb", 4096), scratch, options.Text("only", ""));
                        var rounds = options.Number("rounds", 10);
                        rounds = cell.IsCentral ? rounds : Math.Min(rounds, options.Number("edge-rounds", 2));
                        log.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {runs} runs x {steps} steps x {kb} KB, {rounds} rounds, load {Machine.Load()}");
                        results.AddRange(Measure(cell, rounds, peers, log));
                        StepsText.Print(results.Where(r => r.Runs == runs && r.Steps == steps && r.Kb == kb).ToList(), log);
                    }
                }
            }

            var report = new StepsReport(
                "steps", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture), Machine.Settings(directory),
                before, Machine.Load(), options.Number("rounds", 10), "ABBA: every other round backwards; a fresh process and directory per sample", results);
            var json = JsonSerializer.Serialize(report, BenchJson.Default.StepsReport);
            var file = Path.Combine(artifacts, $"steps-{DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.json");
            await File.WriteAllTextAsync(file, json, cancellationToken);
            StepsText.PrintSettings(report, Path.GetRelativePath(Environment.CurrentDirectory, file), log);
            if (options.Has("json"))
            {
                output.WriteLine(json);
            }

            return 0;
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static List<(Peer Peer, string? Folder, string? Problem)> Peers(string names, string cache, TextWriter log)
    {
        var wanted = names == "none" ? [] : names.Split(',');
        if (wanted.FirstOrDefault(w => Peer.All.All(p => p.Name != w)) is { } unknown)
        {
            throw new FormatException($"There is no peer '{unknown}'; there are langgraph, restate and dbos.");
        }

        var installed = wanted.ToDictionary(w => w, w => PeerInstall.Install(w, cache, log));
        foreach (var (name, (_, problem)) in installed.Where(i => i.Value.Problem is not null))
        {
            log.WriteLine($"{name} is NOT measured: {problem}");
        }

        return [.. Peer.All.Where(p => installed.ContainsKey(p.Name)).Select(p => (p, installed[p.Name].Folder, installed[p.Name].Problem))];
    }

    private static List<VariantResult> Measure(
        Cell cell, int rounds, List<(Peer Peer, string? Folder, string? Problem)> peers, TextWriter log)
    {
        var all = new List<(string Name, string? NotRun, Func<Sample> Take)>();
        foreach (var (variant, name) in Own)
        {
            var notRun = cell.TooLarge((double)cell.Runs * cell.Steps * cell.Bytes)
                ?? (variant.StartsWith("files", StringComparison.Ordinal) && cell.Runs * cell.Steps > MaxFileSteps ? $"more than {MaxFileSteps} layers on disk per sample" : null)
                ?? (variant.StartsWith("floor", StringComparison.Ordinal) && cell.Runs > 1 ? "one file, one writer: see the row of 1 run" : null);
            all.Add((name, notRun, () => cell.Own(variant)));
        }

        foreach (var (peer, folder, problem) in peers)
        {
            all.Add((peer.Variant, problem ?? cell.TooLarge(peer.Bytes(cell.Runs, cell.Steps, cell.Bytes)), () => cell.Of(peer, folder!)));
        }

        all.RemoveAll(v => !v.Name.Contains(cell.Only, StringComparison.OrdinalIgnoreCase));
        var samples = all.ToDictionary(v => v.Name, _ => new List<Sample>());
        var failed = new Dictionary<string, string>();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (name, notRun, take) in round % 2 == 0 ? all : Enumerable.Reverse(all))
            {
                if (notRun is not null || failed.ContainsKey(name))
                {
                    continue;
                }

                try
                {
                    samples[name].Add(take());
                }
                catch (InvalidOperationException e)
                {
                    failed[name] = e.Message;
                    log.WriteLine($"{name}: {e.Message}");
                }
            }
        }

        return [.. all.Select(v => new VariantResult(
            v.Name, cell.Runs, cell.Steps, cell.Bytes / 1024, v.NotRun ?? failed.GetValueOrDefault(v.Name), samples[v.Name]))];
    }
}
