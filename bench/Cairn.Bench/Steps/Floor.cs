using System.Diagnostics;
using System.Text;
using Cairn.Bench.Workload;

namespace Cairn.Bench.Steps;

/// <summary>What the disk can do at all: one write and one fdatasync, again and again.</summary>
internal static class Floor
{
    /// <param name="path">The file.</param>
    /// <param name="steps">Writes.</param>
    /// <param name="bytes">Bytes of each.</param>
    /// <param name="filled">Into a file that was filled with zeros before; else a growing one.</param>
    public static Sample Measure(string path, int steps, int bytes, bool filled)
    {
        var latencies = new List<double>(steps);
        using var file = new PosixDisk().Open(path, DiskOpen.ReadWrite);
        if (filled)
        {
            var zeros = new byte[bytes];
            for (var i = 0; i < steps; i++)
            {
                file.Write((long)i * bytes, zeros);
            }
        }

        file.Sync();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < steps; i++)
        {
            var body = Encoding.ASCII.GetBytes(Payloads.Of("floor", i, bytes));
            var before = Stopwatch.GetTimestamp();
            file.Write((long)i * bytes, body);
            file.Sync();
            latencies.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds);
        }

        return new Sample { Steps = steps, Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds }.WithLatencies(latencies);
    }
}
