using System.Globalization;
using System.Text.Json;

namespace Cairn.Bench.Steps;

/// <summary>One cell of the matrix, and how a sample of it is taken.</summary>
internal sealed record Cell(int Runs, int Steps, int Kb, int Seconds, int MaxMegabytes, string Scratch, string Only)
{
    private int _next;

    /// <summary>One of the cells that targets speak of: they get all rounds, the corners of the matrix fewer.</summary>
    public bool IsCentral => Runs <= 16 && Steps >= 100 && Kb <= 4;

    public int Bytes => Kb * 1024;

    /// <summary>Why a variant that would write so much is left out; null when it is not.</summary>
    public string? TooLarge(double bytes) => bytes > MaxMegabytes * 1048576.0
        ? string.Create(CultureInfo.InvariantCulture, $"would store about {bytes / 1073741824:N1} GB (--max-mb {MaxMegabytes})")
        : null;

    public Sample Own(string variant)
    {
        var directory = Fresh();
        List<string> args = ["sample", "--variant", variant, "--dir", directory, .. Numbers()];
        if (variant == "files-daemon")
        {
            var both = Phase(Environment.ProcessPath!, args, directory);
            Remove(directory);
            return both;
        }

        var sample = Phase(Environment.ProcessPath!, [.. args, "--phase", "write"], directory);
        var disk = DiskBytes(variant.StartsWith("floor", StringComparison.Ordinal) ? directory : Path.Combine(directory, "state"));
        sample = variant.StartsWith("floor", StringComparison.Ordinal)
            ? sample with { DiskBytes = disk / 2 }
            : sample.With(Phase(Environment.ProcessPath!, [.. args, "--phase", "recover"], directory), disk);
        Remove(directory);
        return sample;
    }

    public Sample Of(Peer peer, string folder)
    {
        var directory = Fresh();
        List<string> args = [Path.Combine(folder, "run.mjs"), "--dir", directory, "--seconds", $"{Seconds}", .. Numbers(), .. peer.Options];
        var sample = Phase("node", peer.TwoPhases ? [.. args, "--phase", "write"] : args, folder);
        if (peer.TwoPhases)
        {
            var disk = DiskBytes(directory);
            sample = sample.With(Phase("node", [.. args, "--phase", "recover"], folder), disk);
        }

        Remove(directory);
        return sample;
    }

    private IEnumerable<string> Numbers() => ["--runs", $"{Runs}", "--steps", $"{Steps}", "--bytes", $"{Bytes}"];

    private static Sample Phase(string program, IReadOnlyList<string> args, string folder)
    {
        var (code, output) = PeerInstall.Run(program, args, folder);
        var line = output.Trim().Split('\n').LastOrDefault(l => l.StartsWith("{\"", StringComparison.Ordinal));
        return line is null
            ? throw new InvalidOperationException($"gave no answer (exit code {code}): {Last(output)}")
            : JsonSerializer.Deserialize(line, BenchJson.Default.Sample)!;
    }

    private static string Last(string text) => text.Length <= 400 ? text.Trim() : text[^400..].Trim();

    private string Fresh()
    {
        var directory = Path.Combine(Scratch, $"s{_next++}");
        Directory.CreateDirectory(directory);
        return directory;
    }

    public static long DiskBytes(string directory) =>
        long.Parse(PeerInstall.Run("du", ["-sk", directory], "/").Output.Split('\t')[0], CultureInfo.InvariantCulture) * 1024;

    private static void Remove(string directory) => Directory.Delete(directory, recursive: true);
}
