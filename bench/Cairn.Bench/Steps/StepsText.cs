using System.Globalization;

namespace Cairn.Bench.Steps;

/// <summary>The tables for people.</summary>
internal static class StepsText
{
    private const string Storage = "Cairn storage";
    private static readonly string[] Compares =
    [
        Storage, "Cairn kernel, code agent", "Cairn kernel, agent only computes", "Cairn kernel, model agent", "Cairn embedded, real files", "Cairn daemon over HTTP, real files",
    ];

    public static void Print(List<VariantResult> cell, TextWriter output)
    {
        if (cell.Count == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine($"{cell[0].Runs} runs x {cell[0].Steps} steps x {cell[0].Kb} KB");
        output.WriteLine($"{"",-36} {"steps/s",9} {"95% of median",19} {"p50 us",9} {"p99 us",9} {"CPU us",8} {"KB/step",9} {"recover ms",11} {"restore ms",11}  n");
        foreach (var row in cell)
        {
            output.WriteLine(row.NotRun is null ? Line(row) : $"{row.Variant,-36} not measured: {row.NotRun}");
        }

        var peers = cell.Where(r => Peer.All.Any(p => p.Variant == r.Variant) && r.Samples.Count > 0).ToList();
        foreach (var own in cell.Where(r => r.Samples.Count > 0 && Compares.Contains(r.Variant)))
        {
            foreach (var row in peers)
            {
                output.WriteLine(Compared(own, row));
            }
        }

        if (cell.Find(r => r.Variant == Compares[^2]) is { Samples.Count: > 0 } embedded && cell.Find(r => r.Variant == Compares[^1]) is { Samples.Count: > 0 } daemon)
        {
            output.WriteLine($"  {daemon.Variant} / {embedded.Variant}: {Interval(Bootstrap.Ratio(Rates(daemon), Rates(embedded)))} steps/s: what the server costs");
        }

        if (cell.Find(r => r.Variant == Storage) is { Samples.Count: > 0 } storage)
        {
            foreach (var row in cell.Where(r => r.Variant.StartsWith("disk:", StringComparison.Ordinal) && r.Samples.Count > 0))
            {
                output.WriteLine($"  {Storage} / {row.Variant}: {Interval(Bootstrap.Ratio(Rates(storage), Rates(row)))} steps/s");
            }
        }

        if (cell.Find(r => r.Variant == Storage) is { Samples.Count: > 0 } a
            && cell.Find(r => r.Variant.EndsWith("(A/A control)", StringComparison.Ordinal)) is { Samples.Count: > 0 } b)
        {
            output.WriteLine($"  A/A control: the same program against itself {Interval(Bootstrap.Ratio(Rates(a), Rates(b)))}");
        }
    }

    public static void PrintSettings(StepsReport report, string file, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"{report.Date}; {string.Join("; ", report.Machine.Select(m => $"{m.Key}: {m.Value}"))}");
        output.WriteLine($"load average before {report.LoadBefore}, after {report.LoadAfter}; {report.Rounds} rounds; {report.Order}");
        foreach (var (variant, settings) in report.Results.SelectMany(r => r.Samples.Select(s => (r.Variant, s.Settings))).Where(x => x.Settings.Length > 0).Distinct())
        {
            output.WriteLine($"{variant}: {settings}");
        }

        output.WriteLine($"CPU of DBOS and Restate is that of their client process only. Differences of disk-bound rates under 2x are noise. Raw samples: {file}");
    }

    private static string Line(VariantResult row)
    {
        var (median, low, high) = Bootstrap.Of(Rates(row));
        var steps = row.Samples[0].Steps;
        var cut = row.Samples.Any(s => s.Cut) ? $" (cut by time after {steps} steps)" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{row.Variant,-36} {median,9:N0} {low,9:N0} -{high,8:N0} {Of(row, s => s.P50),9:N0} {Of(row, s => s.P99),9:N0} {Of(row, s => s.CpuSeconds * 1e6 / s.Steps),8:N0} {Of(row, s => s.DiskBytes / 1024.0 / s.Steps),9:N2} {Optional(row, s => s.RecoveryMs),11} {Optional(row, s => s.RestoreMs),11}  {row.Samples.Count}{cut}");
    }

    private static string Compared(VariantResult own, VariantResult other)
    {
        var ratio = Bootstrap.Ratio(Rates(own), Rates(other));
        var disk = Of(other, s => (double)s.DiskBytes / s.Steps) / Of(own, s => (double)s.DiskBytes / s.Steps);
        var verdict = ratio.High < 1 ? "LOSS" : ratio.Low > 1 ? "win" : "even";
        return string.Create(CultureInfo.InvariantCulture, $"  {own.Variant} / {other.Variant}: {Interval(ratio)} steps/s ({verdict}); the other takes {disk:N1}x the disk");
    }

    private static string Interval((double Median, double Low, double High) x) =>
        string.Create(CultureInfo.InvariantCulture, $"{x.Median:N2}x [{x.Low:N2} - {x.High:N2}]");

    private static List<double> Rates(VariantResult row) => [.. row.Samples.Select(s => s.Rate)];

    private static double Of(VariantResult row, Func<Sample, double> value) => Bootstrap.Median([.. row.Samples.Select(value)]);

    private static string Optional(VariantResult row, Func<Sample, double?> value) =>
        row.Samples.All(s => value(s) is not null) ? Of(row, s => value(s)!.Value).ToString("N1", CultureInfo.InvariantCulture) : "-";
}
