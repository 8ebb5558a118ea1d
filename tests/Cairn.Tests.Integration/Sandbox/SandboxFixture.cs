using System.Collections.Concurrent;
using System.Diagnostics;
using Cairn.Sandbox;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Bodies in memory.</summary>
internal sealed class MemoryBlobs : IBlobStore
{
    private readonly ConcurrentDictionary<BlobHash, byte[]> _bodies = new();

    /// <summary>Bytes of all bodies.</summary>
    public long Bytes => _bodies.Values.Sum(body => (long)body.Length);

    public BlobHash Put(ReadOnlySpan<byte> body)
    {
        var hash = BlobHash.Of(body);
        _bodies.TryAdd(hash, body.ToArray());
        return hash;
    }

    public byte[]? TryGet(BlobHash hash) => _bodies.GetValueOrDefault(hash) is not { } body ? null
        : BlobHash.Of(body) == hash ? body : throw new InvalidDataException($"The body {hash} is damaged.");

    /// <summary>Flips a bit of a body.</summary>
    public void Damage(BlobHash hash) => _bodies[hash][^5] ^= 1;
}

/// <summary>A repository and a state directory of their own in the temporary directory.</summary>
internal sealed class SandboxFixture : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cairn-").FullName;

    public SandboxFixture(string repositoryName = "repo", LayerStoreOptions? options = null)
    {
        Repository = Path.Combine(_root, repositoryName);
        State = Path.Combine(_root, "state");
        Directory.CreateDirectory(Repository);
        Options = options;
        File.WriteAllText(In("readme.txt"), "hello\n");
        File.WriteAllText(In("run.sh"), "#!/bin/sh\necho run\n");
        Directory.CreateDirectory(In("src/deep"));
        Directory.CreateDirectory(In("empty"));
        Directory.CreateDirectory(In(".git/hooks"));
        File.WriteAllText(In(".git/config"), "[core]\n");
        File.WriteAllText(In("src/a.cs"), "a\n");
        File.WriteAllText(In("src/deep/b.cs"), "b\n");
        File.CreateSymbolicLink(In("inside"), "src/a.cs");
        File.CreateSymbolicLink(In("outside"), "/etc/passwd");
        OnHost("chmod", "644", In("readme.txt"), In("src/a.cs"), In("src/deep/b.cs"));
        OnHost("chmod", "755", In("run.sh"), In("src"), In("src/deep"), In("empty"), Repository);
        Store = NewStore();
    }

    public string Repository { get; }

    public string State { get; }

    public LayerStoreOptions? Options { get; }

    public MemoryBlobs Blobs { get; } = new();

    public LayerStore Store { get; private set; }

    public LayerStore NewStore() => new(State, Blobs, TimeProvider.System, Options);

    /// <summary>As a new process would: another store over the same directory.</summary>
    public void Restart()
    {
        Store.Dispose();
        Store = NewStore();
    }

    public string In(string path) => Path.Combine(Repository, path);

    public IWorkspace Open(string run = "r1", string? top = null) =>
        Store.Open(RunId.Parse(run), Repository, top is null ? null : LayerId.Parse(top));

    public static Task<SandboxResult> Shell(IWorkspace workspace, string script, SandboxLimits? limits = null, bool readOnly = false) =>
        workspace.RunAsync(
            new SandboxCommand(["sh", "-c", script]) { Limits = limits ?? new(), ReadOnly = readOnly }, TestContext.Current.CancellationToken);

    /// <summary>Runs a program of the machine itself, for preparing what a test needs.</summary>
    public static void OnHost(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)))!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    public void Dispose()
    {
        Store.Dispose();
        OnHost("chmod", "-R", "u+rwX", _root);
        OnHost("rm", "-rf", "--", _root);
    }
}
