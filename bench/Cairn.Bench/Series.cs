namespace Cairn.Bench;

/// <summary>What one variant measured over all rounds.</summary>
internal sealed class Series(string name)
{
    private const int Resamples = 2000;

    public string Name { get; } = name;

    /// <summary>Steps per second, one value per round.</summary>
    public List<double> Rates { get; } = [];

    /// <summary>Microseconds per step, of all rounds.</summary>
    public List<double> Latencies { get; } = [];

    public long Steps { get; set; }

    public long Bytes { get; set; }

    public long Syncs { get; set; }

    public long Allocated { get; set; }

    /// <summary>Median of the rounds' rates with a 95% bootstrap interval.</summary>
    public (double Median, double Low, double High) Rate()
    {
        var random = new Random(1);
        var medians = new double[Resamples];
        for (var i = 0; i < Resamples; i++)
        {
            medians[i] = Median([.. Enumerable.Range(0, Rates.Count).Select(_ => Rates[random.Next(Rates.Count)])]);
        }

        Array.Sort(medians);
        return (Median([.. Rates]), medians[Resamples * 25 / 1000], medians[Resamples * 975 / 1000]);
    }

    public double Percentile(double part)
    {
        var sorted = Latencies.Order().ToArray();
        return sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * part)];
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        var middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
