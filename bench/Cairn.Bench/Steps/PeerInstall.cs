using System.Diagnostics;

namespace Cairn.Bench.Steps;

/// <summary>Fetches peers into a cache folder at the versions of their lock files, with the system's own npm and apt-get.</summary>
internal static class PeerInstall
{
    private const string PostgresBin = "/usr/lib/postgresql/15/bin/initdb";

    /// <returns>The folder with the driver; or null and why it is not to be had here.</returns>
    public static (string? Folder, string? Problem) Install(string name, string cache, TextWriter log)
    {
        var source = Path.Combine(AppContext.BaseDirectory, "peers");
        var folder = Path.Combine(cache, name);
        Directory.CreateDirectory(folder);
        if (name == "dbos" && Postgres(log) is { } problem)
        {
            return (null, problem);
        }

        var lockFile = Path.Combine(source, name, "package-lock.json");
        var installed = Path.Combine(folder, "installed.json");
        if (!File.Exists(installed) || File.ReadAllText(installed) != File.ReadAllText(lockFile))
        {
            log.WriteLine($"fetching {name} from npm at the versions of bench/peers/{name}/package-lock.json into {Path.GetRelativePath(Environment.CurrentDirectory, folder)}");
            File.Delete(installed);
            Copy(Path.Combine(source, name), folder);
            var (code, text) = Run("npm", ["ci", "--no-audit", "--no-fund"], folder);
            if (code != 0)
            {
                return (null, $"npm ci failed: {text.Trim().Split('\n')[^1]}");
            }

            File.Copy(lockFile, installed);
        }

        Copy(Path.Combine(source, name), folder);
        File.Copy(Path.Combine(source, "driver.mjs"), Path.Combine(folder, "driver.mjs"), overwrite: true);
        return (folder, null);
    }

    /// <summary>Runs a program to its end; standard error only counts when it fails.</summary>
    public static (int Code, string Output) Run(string program, IReadOnlyList<string> args, string folder)
    {
        var start = new ProcessStartInfo(program, args) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, process.ExitCode == 0 || output.Length > 0 ? output : errors.GetAwaiter().GetResult());
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (127, $"{program}: {e.Message}");
        }
    }

    private static string? Postgres(TextWriter log)
    {
        if (File.Exists(PostgresBin))
        {
            return null;
        }

        log.WriteLine("installing postgresql-15 with apt-get (its own cluster is not used: the benchmark makes one in its folder)");
        Run("apt-get", ["update"], "/");
        var (code, text) = Run("apt-get", ["install", "-y", "--no-install-recommends", "postgresql-15"], "/");
        return code == 0 && File.Exists(PostgresBin) ? null : $"PostgreSQL 15 cannot be installed: {text.Trim().Split('\n')[^1]}";
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        }
    }
}
