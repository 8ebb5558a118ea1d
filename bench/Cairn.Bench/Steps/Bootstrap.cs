namespace Cairn.Bench.Steps;

/// <summary>Medians with 95% bootstrap intervals; the resampling is seeded, so one file of samples gives one table.</summary>
internal static class Bootstrap
{
    private const int Resamples = 2000;

    public static (double Median, double Low, double High) Of(IReadOnlyList<double> values)
    {
        var random = new Random(1);
        var medians = Enumerable.Range(0, Resamples).Select(_ => Median(Resample(values, random))).Order().ToArray();
        return (Median(values), medians[Resamples * 25 / 1000], medians[Resamples * 975 / 1000]);
    }

    /// <summary>The ratio of two medians.</summary>
    public static (double Median, double Low, double High) Ratio(IReadOnlyList<double> a, IReadOnlyList<double> b)
    {
        var random = new Random(2);
        var ratios = Enumerable.Range(0, Resamples).Select(_ => Median(Resample(a, random)) / Median(Resample(b, random))).Order().ToArray();
        return (Median(a) / Median(b), ratios[Resamples * 25 / 1000], ratios[Resamples * 975 / 1000]);
    }

    public static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length == 0 ? double.NaN : sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static double[] Resample(IReadOnlyList<double> values, Random random) =>
        [.. Enumerable.Range(0, values.Count).Select(_ => values[random.Next(values.Count)])];
}
