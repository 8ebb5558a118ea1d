namespace Cairn.Tests.Integration.RealRepositories;

public sealed class RealRepositoryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. RealRepositoryPins.All.Select(pin => pin.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Its_own_tests_pass_fail_when_it_is_broken_and_pass_again_when_it_is_fixed(string name)
    {
        using var repository = await RealRepository.GetAsync(name, Cancel);
        var asFetched = await repository.TestOnHostAsync(Cancel);
        Assert.True(asFetched.ExitCode == 0, asFetched.Output);

        repository.Break();
        Assert.Equal($" M {repository.BrokenPath}\n", await repository.GitAsync(Cancel, "status", "--porcelain", "--untracked-files=no"));
        var broken = await repository.TestOnHostAsync(Cancel);
        Assert.NotEqual(0, broken.ExitCode);

        repository.Fix();
        var @fixed = await repository.TestOnHostAsync(Cancel);
        Assert.True(@fixed.ExitCode == 0, @fixed.Output);
        Assert.Equal("", await repository.GitAsync(Cancel, "status", "--porcelain"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_committed_break_leaves_a_clean_repository_without_the_right_line(string name)
    {
        using var repository = await RealRepository.GetAsync(name, Cancel);
        await repository.BreakAndCommitAsync(Cancel);
        Assert.Equal("", await repository.GitAsync(Cancel, "status", "--porcelain"));
        Assert.Equal("1\n", await repository.GitAsync(Cancel, "rev-list", "--count", "--all"));
        Assert.DoesNotContain(repository.Pin.Break.Right, await repository.GitAsync(Cancel, "log", "-p", "--all"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_copy_is_the_same_commit(string name)
    {
        using var one = await RealRepository.GetAsync(name, Cancel);
        using var two = await RealRepository.GetAsync(name, Cancel);
        Assert.NotEqual(one.Root, two.Root);
        Assert.Equal(await one.GitAsync(Cancel, "rev-parse", "HEAD"), await two.GitAsync(Cancel, "rev-parse", "HEAD"));
    }

    [Fact]
    public async Task A_package_that_is_not_the_pinned_one_is_refused_and_not_kept()
    {
        var root = Directory.CreateTempSubdirectory("cairn-cache-").FullName;
        try
        {
            var pin = RealRepositoryPins.All.Single(pin => pin.Source == PackageSource.Npm) with { Sha256 = new string('0', 64) };
            var error = await Assert.ThrowsAsync<InvalidDataException>(() => new PackageCache(root).FetchAsync(pin, Cancel));
            Assert.Contains(pin.Sha256, error.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(root));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public async Task A_damaged_copy_in_the_cache_is_fetched_again()
    {
        var root = Directory.CreateTempSubdirectory("cairn-cache-").FullName;
        try
        {
            var pin = RealRepositoryPins.All.Single(pin => pin.Source == PackageSource.Npm);
            var cache = new PackageCache(root);
            var path = await cache.FetchAsync(pin, Cancel);
            var good = await File.ReadAllBytesAsync(path, Cancel);
            await File.WriteAllTextAsync(path, "damaged", Cancel);
            Assert.Equal(good, await File.ReadAllBytesAsync(await cache.FetchAsync(pin, Cancel), Cancel));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void A_one_line_list_becomes_a_list_of_sources() =>
        Assert.Equal(
            "deb-src [signed-by=/k.gpg] http://deb.example bookworm main\n",
            DebianSources.FromLines("# deb http://old.example x main\ndeb [signed-by=/k.gpg] http://deb.example bookworm main\ndeb-src http://deb.example bookworm main\n"));

    [Fact]
    public void A_deb822_list_becomes_a_list_of_sources_without_the_stanzas_that_are_off() =>
        Assert.Equal(
            "Types: deb-src\nURIs: http://deb.example\nSuites: noble\nSigned-By: /k.gpg\n",
            DebianSources.FromStanzas("""
                Types: deb deb-src
                URIs: http://deb.example
                Suites: noble
                Signed-By: /k.gpg

                Types: deb
                Enabled: no
                URIs: http://off.example
                Suites: noble
                """));
}
