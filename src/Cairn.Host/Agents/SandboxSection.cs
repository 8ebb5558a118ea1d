using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>The part `sandbox` of an agent file: the limits of each command.</summary>
internal sealed class SandboxSection
{
    private const int Most = 1 << 20;

    public int? MemoryMb { get; set; }

    public int? Pids { get; set; }

    public int? OpenFiles { get; set; }

    public int? FileMb { get; set; }

    public int? DiskMb { get; set; }

    public int? OutputKb { get; set; }

    public int? Seconds { get; set; }

    public int? CpuSeconds { get; set; }

    public string? Profile { get; set; }

    /// <summary>The limits that it names; null when it is not there.</summary>
    /// <exception cref="UserException">When one of them makes no sense.</exception>
    public static CommandLimits? Read(string path, SandboxSection? section)
    {
        if (section is null)
        {
            return null;
        }

        Check(path, "memory_mb", section.MemoryMb, 16, Most);
        Check(path, "pids", section.Pids, 4, Most);
        Check(path, "open_files", section.OpenFiles, 16, Most);
        Check(path, "file_mb", section.FileMb, 1, Most);
        Check(path, "disk_mb", section.DiskMb, 1, Most);
        Check(path, "output_kb", section.OutputKb, 1, 64 << 10);
        Check(path, "seconds", section.Seconds, 1, Most);
        Check(path, "cpu_seconds", section.CpuSeconds, 1, Most);
        return new()
        {
            MemoryBytes = (long?)section.MemoryMb << 20,
            Pids = section.Pids,
            OpenFiles = section.OpenFiles,
            FileBytes = (long?)section.FileMb << 20,
            DiskBytes = (long?)section.DiskMb << 20,
            OutputBytes = section.OutputKb << 10,
            WallSeconds = section.Seconds,
            CpuSeconds = section.CpuSeconds,
            Profile = section.Profile switch
            {
                null => null,
                "build" => SandboxProfile.Build,
                "read-only" => SandboxProfile.ReadOnly,
                "deploy" => SandboxProfile.Deploy,
                _ => throw new UserException($"{path}: sandbox.profile may be build, read-only or deploy."),
            },
        };
    }

    private static void Check(string path, string name, int? value, int least, int most)
    {
        if (value is { } given && (given < least || given > most))
        {
            throw new UserException($"{path}: sandbox.{name} may be {least} to {most}.");
        }
    }
}
