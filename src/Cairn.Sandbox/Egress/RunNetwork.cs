using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Egress;

/// <summary>
/// One run's network: a proxy that its sandboxes reach through a socket, and a client for tools of the host. Both go by the
/// same rules, and all that is asked is noted.
/// </summary>
public sealed class RunNetwork : INetwork, IAsyncDisposable
{
    /// <summary>The proxy's port on the sandbox's own loopback.</summary>
    public const int ProxyPort = 3128;

    private const string Inside = "/run/cairn";
    private const string SocketName = "proxy";
    private const string ForwardName = "forward";

    private readonly EgressGate _gate;
    private readonly EgressClient _client;
    private readonly EgressOptions _options;
    private readonly Lock _starting = new();
    private EgressProxy? _proxy;
    private string? _directory;

    /// <summary>A run's network; nothing listens before the first sandbox wants it.</summary>
    public RunNetwork(EgressOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _gate) = (options, new EgressGate(options));
        _client = new EgressClient(_gate);
    }

    /// <summary>The program that stands between a sandbox's programs and the proxy; null when it was not built.</summary>
    internal static string? Forwarder => Path.Combine(AppContext.BaseDirectory, "cairn-forward") is var path && File.Exists(path) ? path : null;

    /// <inheritdoc/>
    public Task<NetworkAnswer> GetAsync(Uri url, int maxBytes, CancellationToken cancellationToken) => _client.GetAsync(url, maxBytes, cancellationToken);

    /// <summary>What was asked since this was last called.</summary>
    public ImmutableArray<NetworkAccess> TakeLog() => _gate.Log.Take();

    /// <summary>The command with the way to the proxy, when it wants the network.</summary>
    /// <param name="command">The command.</param>
    /// <param name="repository">The workspace's repository: the sandbox's user, who must reach the socket, is its owner.</param>
    /// <exception cref="WorkspaceException">When the forwarder was not built.</exception>
    public SandboxCommand Connect(SandboxCommand command, string repository)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (!command.Network || _options.Rules.IsDefaultOrEmpty)
        {
            return command;
        }

        var directory = Start(repository);
        var proxy = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ProxyPort}");
        var environment = command.Environment;
        foreach (var name in (string[])["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
        {
            environment = environment.SetItem(name, proxy);
        }

        foreach (var name in (string[])["no_proxy", "NO_PROXY"])
        {
            environment = environment.SetItem(name, "localhost,127.0.0.1,::1");
        }

        return command with
        {
            Arguments = [$"{Inside}/{ForwardName}", ProxyPort.ToString(CultureInfo.InvariantCulture), $"{Inside}/{SocketName}", .. command.Arguments],
            Environment = environment.SetItem("NODE_USE_ENV_PROXY", "1"),
            Mounts = command.Mounts.Add(new(directory, Inside)),
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        if (_directory is not null)
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    private string Start(string repository)
    {
        lock (_starting)
        {
            if (_proxy is not null)
            {
                return _directory!;
            }

            var forwarder = Forwarder ?? throw new WorkspaceException(
                FileProblem.NotFound, "The network needs cairn-forward, which was not built: install a C compiler (apt-get install gcc libc6-dev) and build Cairn again.");
            try
            {
                // Not in the state directory, which the owner of the repository may not be able to enter. Whoever can open the
                // socket can do what the run may do: nobody else can.
                _directory = Directory.CreateTempSubdirectory("cairn-net-").FullName;
                File.Copy(forwarder, Path.Combine(_directory, ForwardName));
                _proxy = new EgressProxy(Path.Combine(_directory, SocketName), _gate, _options.Idle);
                GiveTo(repository);
                return _directory;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
            {
                throw new WorkspaceException(FileProblem.Io, $"The egress proxy cannot be started: {e.Message}", e);
            }
        }
    }

    /// <summary>Root's sandboxes run as the owner of the repository, who must be able to open the socket.</summary>
    private void GiveTo(string repository)
    {
        if (LinuxCalls.EffectiveUser() != 0)
        {
            return;
        }

        using var owned = Handle(repository);
        using var ours = Handle(_directory!);
        var owner = DirectoryHandle.StatOf(owned, repository);
        foreach (var name in (string[])[SocketName, "."])
        {
            LinuxError.Check(LinuxCalls.ChangeOwner(ours, FileNames.Encode(name), owner.Uid, owner.Gid, LinuxCalls.NoFollowFlag), "give", name);
        }
    }

    private static SafeFileHandle Handle(string directory)
    {
        var handle = new SafeFileHandle(
            LinuxCalls.Open(FileNames.Encode(directory), LinuxCalls.ReadOnly | LinuxCalls.Directory | LinuxCalls.CloseOnExec, 0), ownsHandle: true);
        return handle.IsInvalid ? throw LinuxError.Last("open", directory) : handle;
    }
}
