using System.Collections.Immutable;
using System.Text.Json;

namespace Cairn.Abstractions;

/// <summary>What the model of the code has to a question.</summary>
/// <param name="Places">What was found, best first.</param>
/// <param name="Ways">Ways through the graph between things that the question names: keys and relationships in turn.</param>
/// <param name="Lacks">What the answer lacks: stores that did not answer in time, files that are not read yet. Empty for nothing.</param>
public sealed record RecallData(ImmutableArray<RecalledPlace> Places, ImmutableArray<ImmutableArray<string>> Ways, ImmutableArray<string> Lacks);

/// <summary>A place of the code in an answer.</summary>
/// <param name="Key">path, or path#name.</param>
/// <param name="Kind">Function, Table, File, …</param>
/// <param name="Path">The file.</param>
/// <param name="Line">Its first line, from 1.</param>
/// <param name="EndLine">Its last line.</param>
/// <param name="Version">The hash of the file that this was read from.</param>
/// <param name="Text">Its signature or first words.</param>
/// <param name="Why">Which store found it, at which place, and why.</param>
public sealed record RecalledPlace(string Key, string Kind, string Path, int Line, int EndLine, BlobHash Version, string Text, ImmutableArray<string> Why);

/// <summary>What depends on a symbol.</summary>
/// <param name="Symbols">The keys of the things that have that name.</param>
/// <param name="Places">What depends on them, nearest first.</param>
/// <param name="Complete">Nothing was left out.</param>
/// <param name="Lacks">What the answer lacks.</param>
public sealed record ImpactData(ImmutableArray<string> Symbols, ImmutableArray<DependentPlace> Places, bool Complete, ImmutableArray<string> Lacks);

/// <summary>Something that depends on a symbol.</summary>
/// <param name="Key">path, or path#name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Path">The file.</param>
/// <param name="Line">Where it depends, from 1.</param>
/// <param name="Version">The hash of the file that this was read from.</param>
/// <param name="Distance">How many relationships away.</param>
/// <param name="Through">The relationship by which it depends, and on what.</param>
public sealed record DependentPlace(string Key, string Kind, string Path, int Line, BlobHash Version, int Distance, string Through);

/// <summary>The answer to a graph query.</summary>
/// <param name="Columns">The names of the columns.</param>
/// <param name="Rows">The values of each row: nodes and relationships as objects, paths as lists of both in turn.</param>
/// <param name="Complete">Nothing was left out.</param>
/// <param name="Lacks">What the answer lacks.</param>
public sealed record GraphData(ImmutableArray<string> Columns, ImmutableArray<ImmutableArray<JsonElement>> Rows, bool Complete, ImmutableArray<string> Lacks);
