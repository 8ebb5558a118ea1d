using System.Globalization;
using System.Runtime.InteropServices;

namespace Cairn.Bench.Workload;

/// <summary>What was measured on; no names.</summary>
internal static class Machine
{
    public static IReadOnlyDictionary<string, string> Settings(string directory) => new Dictionary<string, string>
    {
        ["cpu"] = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "?"
            : "?",
        ["cores"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        ["memory"] = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024)} MB",
        ["kernel"] = Environment.OSVersion.VersionString,
        ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString(),
        ["disk"] = new DriveInfo(directory).DriveFormat,
        ["runtime"] = $"{RuntimeInformation.FrameworkDescription}, workstation GC, not concurrent, tiered compilation without profiles, as in cairn itself",
    };

    /// <summary>The load averages of 1, 5 and 15 minutes.</summary>
    public static string Load() =>
        File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : "?";

    /// <summary>Bytes of this process in memory.</summary>
    public static long Resident() => File.Exists("/proc/self/status")
        ? long.Parse(
            File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
            CultureInfo.InvariantCulture) * 1024
        : Environment.WorkingSet;
}
