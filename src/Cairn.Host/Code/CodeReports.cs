using Cairn.Abstractions;
using Cairn.Memory.Cypher;
using Cairn.Memory.Fusion;
using Cairn.Memory.Indexing;
using Cairn.Sandbox;
using Cairn.Storage;

namespace Cairn.Host;

/// <summary>What `cairn index`, `graph`, `ask` and `impact` tell of a repository as it is now.</summary>
public static class CodeReports
{
    /// <summary>Brings the model of a repository up to date and says what is in it.</summary>
    public static async Task<IndexView> IndexAsync(HostOptions options, string repository, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var start = options.Time.GetTimestamp();
        var report = await ModelAsync(options, repository, progress, cancellationToken);
        var kinds = report.Model.Graph.AllNodes().GroupBy(node => node.Labels[^1]).OrderByDescending(group => group.Count()).ToDictionary(group => group.Key, group => group.Count());
        return new(
            Repositories.Check(repository), report.Files, report.Read, report.Skipped, report.Model.Graph.NodeCount, report.Model.Graph.EdgeCount, kinds,
            (long)options.Time.GetElapsedTime(start).TotalMilliseconds, report.Remarks);
    }

    /// <summary>Answers a query in Cypher.</summary>
    /// <exception cref="UserException">When the query cannot be answered; the text names line and column.</exception>
    public static async Task<GraphView> GraphAsync(
        HostOptions options, string repository, string query, IReadOnlyDictionary<string, object?> parameters, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        try
        {
            // A query that cannot be understood is refused before anything is read.
            var parsed = CypherQuery.Parse(query);
            var report = await ModelAsync(options, repository, progress, cancellationToken);
            var result = parsed.Run(report.Model.Graph, parameters, new QueryLimits(), cancellationToken);
            return new(result.Columns, [.. result.Rows.Select(row => (IReadOnlyList<System.Text.Json.Nodes.JsonNode?>)[.. row.Select(GraphJson.Of)])]);
        }
        catch (CypherException e)
        {
            throw new UserException(e.Message, e);
        }
    }

    /// <summary>Answers a question in words.</summary>
    public static async Task<CodeAnswerView> AskAsync(HostOptions options, string repository, string question, int most, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var report = await ModelAsync(options, repository, progress, cancellationToken);
        return CodeAnswerView.Of(await new CodeSearch(report.Model, options.Time).AskAsync(question, most, cancellationToken), report.Remarks);
    }

    /// <summary>What depends on a symbol.</summary>
    /// <exception cref="UserException">When nothing has that name; the text says what is named alike.</exception>
    public static async Task<ImpactView> ImpactAsync(HostOptions options, string repository, string symbol, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var report = await ModelAsync(options, repository, progress, cancellationToken);
        var answer = Impact.Of(report.Model, symbol);
        if (answer.Symbols.Count > 0)
        {
            return new(
                answer.Symbols, [.. answer.Hits.Select(hit => new ImpactHitView(hit.Key, hit.Kind, hit.Path, hit.Line, hit.Distance, hit.Through))], answer.Files, report.Remarks);
        }

        var near = report.Model.Keywords.Search(symbol, 5, null).Select(hit => hit.Key).ToList();
        throw new UserException($"Nothing in this repository is called {symbol}.{(near.Count == 0 ? "" : " Near by name: " + string.Join(", ", near))}");
    }

    private static async Task<IndexReport> ModelAsync(HostOptions options, string repository, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var root = Repositories.Check(repository);

        // No run is touched, so this works while another Cairn holds the state directory.
        using var layers = new LayerStore(
            options.StateDirectory, NoBodies.Instance, options.Time, new LayerStoreOptions { Backend = CairnHost.SandboxBackend(options.Environment), Mounts = [.. CairnHost.ToolChains(options.Environment), .. options.Mounts] });
        await using var workspace = layers.Open(RunStarter.NewId(), root, null);
        var disk = new PosixDisk();
        var folder = Path.Combine(options.StateDirectory, "code", BlobHash.OfText(root).Short);
        disk.CreateDirectory(folder);

        // Whoever comes second reads the files itself: two writers of one cache would spoil it.
        using var held = disk.TryLock(Path.Combine(folder, "lock"));
        using var cache = held is null ? null : FactCache.Open(disk, Path.Combine(folder, "facts.log"));
        return await new CodeIndexer(new CtagsOutliner(workspace), cache).RefreshAsync(CodeModel.Empty, workspace, progress is null ? null : new Counting(progress), cancellationToken);
    }

    private sealed class Counting(IProgress<string> progress) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value) => progress.Report($"{value.Done}/{value.Total} {value.Path}");
    }
}
