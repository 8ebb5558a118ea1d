using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Memory.Cypher;
using Cairn.Memory.Fusion;
using Cairn.Memory.Indexing;

namespace Cairn.Host;

/// <summary>A question of an agent to the model of the code, understood before anything is read.</summary>
internal abstract record CodeQuestion
{
    private const int MaxChars = 48 * 1024;
    private const int MaxValueChars = 2_000;
    private const int MaxNear = 5;
    private const int MaxWords = 2_000;
    private const int MaxSymbol = 1_000;
    private const int MaxKeys = 50;

    /// <summary>Why it cannot be answered; null when it can.</summary>
    public virtual string? Problem => null;

    /// <exception cref="CypherException">When its query cannot be understood.</exception>
    public static CodeQuestion Parse(string tool, JsonElement arguments) => tool switch
    {
        "recall_code" => new Recalling(
            arguments.GetProperty("words").GetString()!,
            arguments.GetProperty("graph").GetString() is { Length: > 0 } pattern ? PatternHits.Parse(pattern) : null,
            arguments.GetProperty("keys") is { ValueKind: JsonValueKind.Array } keys ? [.. keys.EnumerateArray().Select(key => key.GetString()!)] : [],
            Most(arguments, "max_results", 12)),
        "impact" => new Depending(arguments.GetProperty("symbol").GetString()!, Most(arguments, "max_results", 60)),
        "graph_query" => new Querying(CypherQuery.Parse(arguments.GetProperty("query").GetString()!), Most(arguments, "max_rows", 50)),
        _ => throw new InvalidOperationException($"{tool} asks nothing of the model."),
    };

    /// <summary>Answers it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="lacks">What the model lacks; the answer says so.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public abstract Task<ToolResult> AnswerAsync(CodeModel model, IReadOnlyList<string> lacks, TimeProvider time, CancellationToken cancellationToken);

    private static int Most(JsonElement arguments, string name, int usual) =>
        arguments.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : usual;

    private static BlobHash Version(CodeModel model, string path) => model.VersionOf(path) ?? default;

    private static string Shown(string text, int most = 400) => SafeText.Line(text, most);

    private static ToolResult Told(StringBuilder text, IEnumerable<string> lacks, string data)
    {
        foreach (var lack in lacks)
        {
            text.Append("note: ").Append(Shown(lack)).Append('\n');
        }

        return ToolResult.Ok(text.ToString().TrimEnd('\n')) with { Data = data };
    }

    private static string Near(CodeModel model, string name) =>
        model.Keywords.Search(name, MaxNear, null).Select(hit => Shown(hit.Key)).ToList() is { Count: > 0 } near ? $" Near by name: {string.Join(", ", near)}." : "";

    private sealed record Recalling(string Words, CypherQuery? Pattern, ImmutableArray<string> Keys, int MostPlaces) : CodeQuestion
    {
        public override string? Problem =>
            string.IsNullOrWhiteSpace(Words) && Pattern is null && Keys.IsEmpty ? "Say what to look for: words, a graph pattern or keys."
            : Words.Length > MaxWords || Keys.Length > MaxKeys ? $"At most {MaxWords:N0} characters of words and {MaxKeys} keys: ask for less." : null;

        public override async Task<ToolResult> AnswerAsync(CodeModel model, IReadOnlyList<string> lacks, TimeProvider time, CancellationToken cancellationToken)
        {
            var answer = await new CodeSearch(model, time).AskAsync(Words, Pattern, Keys, MostPlaces, cancellationToken);
            List<string> missing = [.. answer.Silent.Select(silent => $"{silent.Key} did not count: {silent.Value}"), .. lacks];
            var text = new StringBuilder(answer.Hits.Count == 0 ? "Nothing was found.\n" : "");
            foreach (var hit in answer.Hits)
            {
                text.Append(CultureInfo.InvariantCulture, $"{Shown(hit.Path)}:{hit.Line}-{hit.EndLine} {hit.Kind} {Shown(Name(hit))} (version {Version(model, hit.Path).Short})\n");
                text.Append(hit.Text.Length == 0 ? "" : $"    {Shown(hit.Text)}\n");
                text.Append(CultureInfo.InvariantCulture, $"    why: {string.Join("; ", Why(hit))}\n");
            }

            foreach (var path in answer.Paths)
            {
                text.Append("way: ").Append(Shown(string.Join(" → ", path.Steps), MaxValueChars)).Append('\n');
            }

            var data = new RecallData(
                [.. answer.Hits.Select(hit => new RecalledPlace(hit.Key, hit.Kind, hit.Path, hit.Line, hit.EndLine, Version(model, hit.Path), hit.Text, [.. Why(hit)]))],
                [.. answer.Paths.Select(path => path.Steps.ToImmutableArray())],
                [.. missing]);
            return Told(text, missing, JsonSerializer.Serialize(data, CairnJson.Default.RecallData));
        }

        private static string Name(CodeHit hit) => hit.Key.StartsWith(hit.Path + "#", StringComparison.Ordinal) ? hit.Key[(hit.Path.Length + 1)..] : hit.Key;

        private static IEnumerable<string> Why(CodeHit hit) => hit.Reasons.Select(reason => Shown($"{reason.Store} #{reason.Rank} ({reason.Why})"));
    }

    private sealed record Depending(string Symbol, int MostPlaces) : CodeQuestion
    {
        public override string? Problem => Symbol.Length is 0 or > MaxSymbol ? $"A symbol has 1 to {MaxSymbol:N0} characters." : null;

        public override Task<ToolResult> AnswerAsync(CodeModel model, IReadOnlyList<string> lacks, TimeProvider time, CancellationToken cancellationToken)
        {
            var answer = Impact.Of(model, Symbol);
            if (answer.Symbols.Count == 0)
            {
                return Task.FromResult(ToolResult.Failed($"Nothing in this repository is called {Shown(Symbol)}.{Near(model, Symbol)}{string.Concat(lacks.Select(lack => $"\nnote: {Shown(lack)}"))}"));
            }

            var shown = answer.Hits.Take(MostPlaces).ToList();
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"{answer.Hits.Count} places in {answer.Files.Count} files depend on {Shown(string.Join(", ", answer.Symbols))}");
            text.Append(shown.Count < answer.Hits.Count ? $"; the nearest {shown.Count}:\n" : answer.Hits.Count == 0 ? ", as far as names tell.\n" : ":\n");
            foreach (var hit in shown)
            {
                text.Append(CultureInfo.InvariantCulture, $"{hit.Distance}  {Shown(hit.Path)}:{hit.Line} {hit.Kind} {Shown(hit.Key)}: {Shown(hit.Through)} (version {Version(model, hit.Path).Short})\n");
            }

            var data = new ImpactData(
                [.. answer.Symbols],
                [.. shown.Select(hit => new DependentPlace(hit.Key, hit.Kind, hit.Path, hit.Line, Version(model, hit.Path), hit.Distance, hit.Through))],
                shown.Count == answer.Hits.Count,
                [.. lacks]);
            return Task.FromResult(Told(text, lacks, JsonSerializer.Serialize(data, CairnJson.Default.ImpactData)));
        }
    }

    private sealed record Querying(CypherQuery Query, int MostRows) : CodeQuestion
    {
        public override Task<ToolResult> AnswerAsync(CodeModel model, IReadOnlyList<string> lacks, TimeProvider time, CancellationToken cancellationToken)
        {
            var result = Query.Run(model.Graph, new Dictionary<string, object?>(), new QueryLimits(), cancellationToken);
            var rows = new List<ImmutableArray<JsonElement>>();
            var text = new StringBuilder(Shown(string.Join(" | ", result.Columns), MaxValueChars)).Append('\n');
            foreach (var row in result.Rows.Take(MostRows).TakeWhile(_ => text.Length < MaxChars))
            {
                rows.Add([.. row.Select(value => GraphJson.ElementOf(value))]);
                text.Append(string.Join(" | ", rows[^1].Select(value => Shown(value.GetRawText(), MaxValueChars)))).Append('\n');
            }

            text.Append(rows.Count < result.Rows.Count ? $"({rows.Count} of {result.Rows.Count} rows)\n" : result.Rows.Count == 0 ? "(no rows)\n" : "");
            var data = new GraphData([.. result.Columns], [.. rows], rows.Count == result.Rows.Count, [.. lacks]);
            return Task.FromResult(Told(text, lacks, JsonSerializer.Serialize(data, CairnJson.Default.GraphData)));
        }
    }
}
