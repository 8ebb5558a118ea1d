using System.Globalization;
using System.Text;
using Cairn.Abstractions;
using Cairn.Cli.Demo;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Cli.Drills;

/// <summary>
/// One job of a drill, in a repository and a state directory of its own: a scripted model counts in a file by shell
/// commands, and the result is merged.
/// </summary>
internal sealed class DrillJob
{
    private const int Steps = 12;

    private readonly string _repository;
    private readonly string _script;

    private DrillJob(string directory, string mark)
    {
        (State, _repository, _script) = (Path.Combine(directory, "state"), Path.Combine(directory, "repository"), Path.Combine(directory, "model.yaml"));
        Mark = mark;
    }

    public string State { get; }

    /// <summary>Stands in every command line of the job.</summary>
    public string Mark { get; }

    /// <summary>Makes repository and script.</summary>
    public static async Task<DrillJob> MakeAsync(string directory, string mark, CancellationToken cancellationToken)
    {
        var job = new DrillJob(directory, mark);
        Directory.CreateDirectory(job._repository);
        await File.WriteAllTextAsync(job._script, Script(mark), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(job._repository, "readme.txt"), "A place to count in.\n", cancellationToken);
        await Shell.GitAsync(job._repository, cancellationToken, "init", "-q");
        await Shell.GitAsync(job._repository, cancellationToken, "add", "-A");
        await Shell.GitAsync(job._repository, cancellationToken, "commit", "-q", "-m", "Nothing counted yet");
        return job;
    }

    /// <summary>The command line of the job's next process.</summary>
    public async Task<(string[] Arguments, bool Resumes)> NextAsync(CancellationToken cancellationToken)
    {
        var run = await RunAsync(cancellationToken);
        return run is null
            ? (["run", "count", "--repo", _repository, "--model", $"scripted:{_script}", "--judge", "", "--merge", "auto", "--quiet", "--json", "--state", State], false)
            : (["resume", run.Id.Value, "--quiet", "--json", "--state", State], true);
    }

    /// <summary>The job's run as its state directory has it; null before the first record.</summary>
    public async Task<RunSummary?> RunAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(State))
        {
            return null;
        }

        await using var cairn = CairnHost.OpenReadOnly(Options());
        var runs = await cairn.RunsAsync(cancellationToken);
        return runs.Count == 0 ? null : runs[^1];
    }

    /// <summary>What the finished job left behind, one line per fact.</summary>
    public async Task<IReadOnlyList<string>> FactsAsync(CancellationToken cancellationToken)
    {
        await using var cairn = CairnHost.OpenReadOnly(Options());
        var runs = await cairn.RunsAsync(cancellationToken);
        var counter = Path.Combine(_repository, "counter");
        var facts = new List<string> { $"{runs.Count} runs", $"files {WorkspaceHash.Of(_repository)}" };
        foreach (var run in runs)
        {
            var end = await cairn.ShowAsync(run.Id, "end", cancellationToken);
            facts.Add(string.Create(CultureInfo.InvariantCulture, $"{run.Status}, {run.Step} steps, merge {run.Merge}, phase {end.Phase}"));
        }

        facts.Add("counter " + (File.Exists(counter) ? (await File.ReadAllTextAsync(counter, cancellationToken)).Replace('\n', ' ') : "missing"));
        return facts;
    }

    /// <summary>What a replay finds different; null when nothing is.</summary>
    public async Task<string?> DifferenceAsync(CancellationToken cancellationToken)
    {
        await using var cairn = CairnHost.OpenReadOnly(Options());
        foreach (var run in await cairn.RunsAsync(cancellationToken))
        {
            if (await cairn.VerifyAsync(run.Id, cancellationToken) is { Passed: false } report)
            {
                return report.Difference;
            }
        }

        return null;
    }

    private HostOptions Options() => new(State, new TerminalHuman(false), Environment.GetEnvironmentVariable);

    private static string Script(string mark)
    {
        var yaml = new StringBuilder("description: counts in a file\ncontext_tokens: 200000\nresponses:\n");
        for (var i = 1; i <= Steps; i++)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"  - text: counting to {i}\n    tool_calls:\n      - name: run_command\n");
            yaml.Append(CultureInfo.InvariantCulture, $"        arguments: {{ command: \": {mark}; echo {i} >> counter; sleep 0.02; echo {i}.2 >> counter\", directory: null, timeout_seconds: 60 }}\n");
        }

        return yaml.Append("  - text: done\n    tool_calls:\n      - name: complete\n        arguments: { summary: counted, outcome: done }\n").ToString();
    }
}
