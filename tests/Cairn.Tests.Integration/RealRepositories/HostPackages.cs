namespace Cairn.Tests.Integration.RealRepositories;

/// <summary>Sees to it that the commands that tests use are on the machine, so that no test has to be skipped.</summary>
internal static class HostPackages
{
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);

    /// <summary>Installs what is missing with apt-get, as root or through a sudo that asks nothing.</summary>
    /// <param name="needs">Commands (or absolute paths) and the Debian package of each.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="InvalidOperationException">When something is missing and cannot be installed; the text says what to run.</exception>
    public static async Task RequireAsync(IReadOnlyList<(string Command, string Package)> needs, CancellationToken cancellationToken)
    {
        await OneAtATime.WaitAsync(cancellationToken);
        try
        {
            var missing = needs.Where(need => !IsPresent(need.Command)).Select(need => need.Package).Distinct().ToArray();
            if (missing.Length > 0)
            {
                await InstallAsync(missing, cancellationToken);
            }
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    internal static bool IsPresent(string command) =>
        command.StartsWith('/')
            ? File.Exists(command)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, command)));

    private static async Task InstallAsync(string[] packages, CancellationToken cancellationToken)
    {
        string[] admin = Environment.UserName == "root" ? [] : ["sudo", "-n"];
        string[] apt = [.. admin, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"];
        var nothing = new Dictionary<string, string>();
        await HostProcess.RunAsync("/", nothing, cancellationToken, [.. apt, "update"]);
        (await HostProcess.RunAsync("/", nothing, cancellationToken, [.. apt, "install", "-y", "--no-install-recommends", .. packages]))
            .OrThrow($"The tests need {string.Join(", ", packages)}. `./cairn test` installs them; apt-get");
    }
}
