using System.Diagnostics;
using Cairn.Sdk;

namespace Cairn.Bench.Context;

/// <summary>How long after a change by hand it stands in the journal, durable, that a file which the agent has read is stale.</summary>
internal static class WatchMeasure
{
    private const int Files = 40;

    public sealed record Row(int Edits, double P50Ms, double MaxMs);

    public static async Task<Row> RunAsync(int edits, CancellationToken cancellationToken)
    {
        var root = Directory.CreateTempSubdirectory("cairn-bench-watch-").FullName;
        try
        {
            var repository = Path.Combine(root, "repo");
            for (var i = 0; i < Files; i++)
            {
                Directory.CreateDirectory(Path.Combine(repository, $"d{i % 8}"));
                await File.WriteAllTextAsync(Path.Combine(repository, $"d{i % 8}", $"f{i}.txt"), new string('a', 4_000), cancellationToken);
            }

            using (var git = Process.Start("git", ["-C", repository, "init", "--quiet"]))
            {
                await git.WaitForExitAsync(cancellationToken);
            }

            var editor = new Editor(repository);
            await using var cairn = CairnHost.Open(new HostOptions(Path.Combine(root, "state"), editor, _ => null));
            var script = Path.Combine(root, "model.json");
            await File.WriteAllTextAsync(script, Script(edits), cancellationToken);
            var run = await cairn.StartAsync(new StartRun { Task = "wait", Repository = repository, Model = $"scripted:{script}", Judge = "", Merge = MergeMode.Never }, cancellationToken);
            await cairn.DriveAsync(run, null, editor, cancellationToken);
            var times = editor.Times.Order().ToList();
            return new(times.Count, times.Count == 0 ? double.NaN : times[times.Count / 2], times.Count == 0 ? double.NaN : times[^1]);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>Reads all files; then asks a human, who edits one, again and again.</summary>
    private static string Script(int edits)
    {
        static string Turn(IEnumerable<string> calls) => $$"""{"text":"","tool_calls":[{{string.Join(',', calls)}}]}""";
        var reads = Enumerable.Range(0, Files).Select(i => $$$"""{"name":"read_file","arguments":{"path":"d{{{i % 8}}}/f{{{i}}}.txt","start_line":null,"end_line":null}}""");
        var ask = Turn(["""{"name":"ask_human","arguments":{"question":"go on?","options":[]}}"""]);
        var done = Turn(["""{"name":"complete","arguments":{"summary":"done","outcome":"done"}}"""]);
        return $$"""{"responses":[{{string.Join(',', Enumerable.Repeat(ask, edits).Prepend(Turn(reads)).Append(done))}}]}""";
    }

    private sealed class Editor(string repository) : IHuman, IRunObserver
    {
        private TaskCompletionSource _noticed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _edits;

        public List<double> Times { get; } = [];

        public async Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken)
        {
            var i = _edits++ % Files;
            var path = Path.Combine(repository, $"d{i % 8}", $"f{i}.txt");
            var start = Stopwatch.GetTimestamp();
            await File.WriteAllTextAsync(path, $"edit {_edits}", cancellationToken);
            await _noticed.Task.WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
            Times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            _noticed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return "yes";
        }

        public void Recorded(JournalRecord record)
        {
            if (record.Event is FilesNoticed)
            {
                _noticed.TrySetResult();
            }
        }

        public void ModelDelta(RunId run, ModelDelta delta)
        {
        }

        public void Output(RunId run, string text)
        {
        }
    }
}
