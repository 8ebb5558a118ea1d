using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Code;

/// <summary>A real project with a real SQL schema: graphile-worker 0.16.6, 18 migrations and 40 modules; MIT.</summary>
public sealed class WorkerRepository : IAsyncLifetime
{
    private static readonly RealRepositoryPin Pin = new(
        "graphile-worker", "0.16.6", "MIT", PackageSource.Npm, "graphile-worker", "graphile-worker-0.16.6.tgz",
        "d3aed232f0b0af9d6c08b0d100e93afe3526d4acc8da16c7abcc6cefe61ec34d", "true", new("package.json", "", ""));

    private readonly string _home = Directory.CreateTempSubdirectory("cairn-worker-").FullName;

    public string Root => Path.Combine(_home, "package");

    public async ValueTask InitializeAsync()
    {
        var tarball = await PackageCache.OfUser.FetchAsync(Pin, CancellationToken.None);
        (await HostProcess.RunAsync(_home, new Dictionary<string, string>(), CancellationToken.None, "tar", "xzf", tarball)).OrThrow("tar");

        // Else what the package ships as dist would count as a build's.
        await File.WriteAllTextAsync(Path.Combine(Root, ".gitignore"), "node_modules/\n*.map\n");
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_home, recursive: true);
        return ValueTask.CompletedTask;
    }
}
