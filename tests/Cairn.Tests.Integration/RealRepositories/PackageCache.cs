using System.Security.Cryptography;

namespace Cairn.Tests.Integration.RealRepositories;

/// <summary>
/// Fetches pinned packages through the ordinary clients (apt, npm) and keeps them under the user's cache directory, so
/// that a second run needs no network. What does not have the pinned hash is neither used nor kept.
/// </summary>
internal sealed class PackageCache(string root)
{
    private static readonly Dictionary<string, string> NoEnvironment = [];

    /// <summary>The cache of this user: $XDG_CACHE_HOME/cairn-tests, by default ~/.cache/cairn-tests.</summary>
    public static PackageCache OfUser { get; } = new(Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "cairn-tests"));

    /// <summary>The path of the package's tarball, fetched unless it is here already.</summary>
    /// <exception cref="InvalidDataException">When what was fetched is not what was pinned.</exception>
    public async Task<string> FetchAsync(RealRepositoryPin pin, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, $"{pin.Sha256}-{pin.File}");
        if (File.Exists(path))
        {
            if (HashOf(path) == pin.Sha256)
            {
                return path;
            }

            File.Delete(path);
        }

        return await InNewDirectoryAsync(async directory =>
        {
            await (pin.Source == PackageSource.Npm
                ? FetchFromNpmAsync(pin, directory, cancellationToken)
                : FetchFromDebianAsync(pin, directory, cancellationToken));
            var fetched = Path.Combine(directory, pin.File);
            if (!File.Exists(fetched))
            {
                throw new InvalidDataException($"{pin.Source} has another version of {pin.Package} than the pinned {pin.Version}: there is no {pin.File}.");
            }

            var hash = HashOf(fetched);
            if (hash != pin.Sha256)
            {
                throw new InvalidDataException($"{pin.File} has SHA-256 {hash}, pinned is {pin.Sha256}.");
            }

            File.Move(fetched, path, overwrite: true);
            return path;
        });
    }

    /// <summary>A node_modules directory made from a lock file, whose hashes npm checks.</summary>
    public async Task<string> NodeModulesAsync(string lockName, CancellationToken cancellationToken)
    {
        var lockBytes = Resource(lockName);
        var home = Path.Combine(root, $"{Convert.ToHexStringLower(SHA256.HashData(lockBytes))}-{lockName}");
        if (!Directory.Exists(home))
        {
            await InNewDirectoryAsync(async directory =>
            {
                var text = System.Text.Json.Nodes.JsonNode.Parse(lockBytes)!;
                await File.WriteAllBytesAsync(Path.Combine(directory, "package-lock.json"), lockBytes, cancellationToken);
                await File.WriteAllTextAsync(
                    Path.Combine(directory, "package.json"), text["packages"]![""]!.ToJsonString(), cancellationToken);
                (await HostProcess.RunAsync(directory, NoEnvironment, cancellationToken, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--force"))
                    .OrThrow("npm ci");
                MoveUnlessThere(directory, home);
                return home;
            });
        }

        return Path.Combine(home, "node_modules");
    }

    private async Task<string> InNewDirectoryAsync(Func<string, Task<string>> work)
    {
        Directory.CreateDirectory(root);
        var directory = Path.Combine(root, $"fetching-{Guid.NewGuid():N}");
        Directory.CreateDirectory(directory);
        try
        {
            return await work(directory);
        }
        finally
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static async Task FetchFromNpmAsync(RealRepositoryPin pin, string directory, CancellationToken cancellationToken) =>
        (await HostProcess.RunAsync(directory, NoEnvironment, cancellationToken, "npm", "pack", "--silent", $"{pin.Package}@{pin.Version}"))
            .OrThrow($"npm pack {pin.Package}");

    private static async Task FetchFromDebianAsync(RealRepositoryPin pin, string directory, CancellationToken cancellationToken)
    {
        string[] folders = ["lists/partial", "archives/partial", "parts"];
        foreach (var folder in folders)
        {
            Directory.CreateDirectory(Path.Combine(directory, folder));
        }

        if (DebianSources.Derive("/etc/apt", Path.Combine(directory, "parts")) == 0)
        {
            throw new InvalidOperationException("This machine lists no Debian package source in /etc/apt, so there is nowhere to fetch source packages from.");
        }

        string[] apt =
        [
            "apt-get",
            "-o", "Dir::Etc::SourceList=/dev/null",
            "-o", $"Dir::Etc::SourceParts={directory}/parts",
            "-o", $"Dir::State::Lists={directory}/lists",
            "-o", $"Dir::Cache={directory}",
            "-o", "Acquire::Retries=3",
            "-o", "APT::Sandbox::User=root",
        ];

        // One unreachable list of several must not matter: the download itself says whether its list was there.
        var update = await HostProcess.RunAsync(directory, NoEnvironment, cancellationToken, [.. apt, "update"]);
        var source = await HostProcess.RunAsync(
            directory, NoEnvironment, cancellationToken, [.. apt, "source", "--download-only", "--tar-only", pin.Package]);
        new HostResult(source.ExitCode, update.Output + source.Output).OrThrow($"apt-get source {pin.Package}");
    }

    private static void MoveUnlessThere(string from, string to)
    {
        try
        {
            Directory.Move(from, to);
        }
        catch (IOException) when (Directory.Exists(to))
        {
            // Another test process was faster; its directory came from the same lock file.
        }
    }

    private static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static byte[] Resource(string name)
    {
        using var stream = typeof(PackageCache).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
