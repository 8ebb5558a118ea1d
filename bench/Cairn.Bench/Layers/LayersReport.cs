using System.Globalization;

namespace Cairn.Bench.Layers;

/// <param name="Files">Files in the tree.</param>
/// <param name="Dirty">Files that were changed.</param>
/// <param name="Depth">Layers below; 0 for one.</param>
/// <param name="Name">What was timed.</param>
/// <param name="MedianMs">Median time.</param>
/// <param name="WorstMs">The slowest.</param>
/// <param name="Against">What the ratio is to; empty for none.</param>
/// <param name="Ratio">How many times faster than that: median of the rounds.</param>
/// <param name="Low">Lower end of its 95% bootstrap interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Samples">Each round's time in milliseconds.</param>
internal sealed record LayersRow(
    int Files, int Dirty, int Depth, string Name, double MedianMs, double WorstMs, string Against, double Ratio, double Low, double High, IReadOnlyList<double> Samples);

internal sealed record LayersReport(
    string Benchmark, string Date, IReadOnlyDictionary<string, string> Machine, string LoadBefore, string LoadAfter, int Rounds, int FileBytes,
    IReadOnlyList<LayersRow> Rows, IReadOnlyList<string> NotMeasured)
{
    public string Text() => string.Create(CultureInfo.InvariantCulture,
        $"""
        Layers of a tree of files of {FileBytes} bytes; {Rounds} rounds in ABBA order, ratios of medians (above 1: faster than the other) with 95% intervals
        {string.Join("; ", Machine.Select(m => $"{m.Key}: {m.Value}"))}; load average before {LoadBefore}, after {LoadAfter}
         files  dirty depth what                                 median ms   worst ms  ratio
        {string.Join('\n', Rows.Select(Line))}
        {string.Join('\n', NotMeasured.Select(n => $"not measured: {n}"))}
        """);

    private static string Line(LayersRow x) => string.Create(CultureInfo.InvariantCulture,
        $"{x.Files,6} {x.Dirty,6} {x.Depth,5} {x.Name,-36} {x.MedianMs,9:N3} {x.WorstMs,10:N3}{(x.Against.Length == 0 ? "" : $"  {x.Ratio:N1}x [{x.Low:N1}, {x.High:N1}] {x.Against}")}");
}
