using System.Text.Json.Nodes;
using Cairn.Memory.Fusion;

namespace Cairn.Host;

/// <summary>What an indexing found.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Files">Files in the model.</param>
/// <param name="Read">Files that were read anew; the others were known.</param>
/// <param name="Skipped">Files that are too large, or too many.</param>
/// <param name="Entities">Nodes of the graph.</param>
/// <param name="Relationships">Relationships of the graph.</param>
/// <param name="Kinds">How many of each kind.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Remarks">What went not as it should.</param>
public sealed record IndexView(
    string Repository, int Files, int Read, int Skipped, int Entities, int Relationships, IReadOnlyDictionary<string, int> Kinds, long Milliseconds, IReadOnlyList<string> Remarks);

/// <summary>The answer to a graph query.</summary>
/// <param name="Columns">The names of the columns.</param>
/// <param name="Rows">The values: nodes and relationships as objects, paths as lists of both in turn.</param>
public sealed record GraphView(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<JsonNode?>> Rows);

/// <summary>Why something is in an answer.</summary>
/// <param name="Store">keywords, vectors or graph.</param>
/// <param name="Rank">At which place it stood there, from 1.</param>
/// <param name="Why">Why it suits.</param>
public sealed record CodeReasonView(string Store, int Rank, string Why);

/// <summary>A place of the repository in an answer.</summary>
/// <param name="Key">path, or path#name.</param>
/// <param name="Kind">Function, Table, File, …</param>
/// <param name="Path">The file.</param>
/// <param name="Line">Its first line.</param>
/// <param name="EndLine">Its last line.</param>
/// <param name="Version">The hash of the file that this was read from.</param>
/// <param name="Text">Its signature or first words.</param>
/// <param name="Score">Only good for comparison within one answer.</param>
/// <param name="Reasons">Where and why it was found.</param>
public sealed record CodeHitView(string Key, string Kind, string Path, int Line, int EndLine, string Version, string Text, double Score, IReadOnlyList<CodeReasonView> Reasons);

/// <summary>The answer to a question about the repository.</summary>
/// <param name="Hits">What was found, best first.</param>
/// <param name="Ways">Ways through the graph between things that the question names: keys and relationships in turn.</param>
/// <param name="Silent">Stores that did not answer in time, with the reason.</param>
/// <param name="Remarks">What is missing in the model.</param>
public sealed record CodeAnswerView(
    IReadOnlyList<CodeHitView> Hits, IReadOnlyList<IReadOnlyList<string>> Ways, IReadOnlyDictionary<string, string> Silent, IReadOnlyList<string> Remarks)
{
    internal static CodeAnswerView Of(CodeAnswer answer, IReadOnlyList<string> remarks) => new(
        [.. answer.Hits.Select(hit => new CodeHitView(
            hit.Key, hit.Kind, hit.Path, hit.Line, hit.EndLine, hit.Version, hit.Text, hit.Score, [.. hit.Reasons.Select(reason => new CodeReasonView(reason.Store, reason.Rank, reason.Why))]))],
        [.. answer.Paths.Select(path => path.Steps)],
        answer.Silent,
        remarks);
}

/// <summary>Something that depends on a symbol.</summary>
/// <param name="Key">path, or path#name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Path">The file.</param>
/// <param name="Line">The line.</param>
/// <param name="Distance">How many relationships away.</param>
/// <param name="Through">The relationship by which it depends, and on what.</param>
public sealed record ImpactHitView(string Key, string Kind, string Path, int Line, int Distance, string Through);

/// <summary>What depends on a symbol.</summary>
/// <param name="Symbols">The things that have that name.</param>
/// <param name="Hits">What depends on them, nearest first.</param>
/// <param name="Files">The files that these are in.</param>
/// <param name="Remarks">What is missing in the model.</param>
public sealed record ImpactView(IReadOnlyList<string> Symbols, IReadOnlyList<ImpactHitView> Hits, IReadOnlyList<string> Files, IReadOnlyList<string> Remarks);
