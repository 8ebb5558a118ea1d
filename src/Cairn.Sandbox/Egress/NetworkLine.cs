using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Egress;

/// <summary>One way to a run's network, with a log of its own: a proxy that sandboxes reach through a socket, and a client for tools of the host.</summary>
public sealed class NetworkLine : INetworkLine
{
    private const string Inside = "/run/cairn";
    private const string ForwardInside = "/run/cairn-forward";
    private const string SocketName = "proxy";

    private readonly RunNetwork _network;
    private readonly EgressGate _gate;
    private readonly Lazy<EgressClient> _client;
    private readonly Lock _starting = new();
    private EgressProxy? _proxy;
    private string? _directory;
    private string? _forwarder;
    private int _disposed;

    internal NetworkLine(RunNetwork network, EgressOptions options)
    {
        (_network, _gate) = (network, new EgressGate(options));
        _client = new(() => new EgressClient(_gate));
    }

    /// <inheritdoc/>
    public Task<NetworkAnswer> GetAsync(Uri url, int maxBytes, CancellationToken cancellationToken) => _client.Value.GetAsync(url, maxBytes, cancellationToken);

    /// <inheritdoc/>
    public HttpMessageHandler Handler => _client.Value.Handler;

    /// <inheritdoc/>
    public INetworkLine OpenLine() => _network.Open();

    /// <summary>What was asked since this was last called.</summary>
    public ImmutableArray<NetworkAccess> TakeLog() => _gate.Log.Take();

    /// <summary>The command with the way to the proxy, when it wants the network.</summary>
    /// <param name="command">The command.</param>
    /// <param name="repository">The workspace's repository: the sandbox's user, who must reach the socket, is its owner.</param>
    /// <exception cref="WorkspaceException">When the forwarder was not built.</exception>
    public SandboxCommand Connect(SandboxCommand command, string repository)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (!command.Network || _network.Options.Rules.IsDefaultOrEmpty)
        {
            return command;
        }

        Start(repository);
        var proxy = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{RunNetwork.ProxyPort}");
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
            Arguments = [ForwardInside, RunNetwork.ProxyPort.ToString(CultureInfo.InvariantCulture), $"{Inside}/{SocketName}", .. command.Arguments],
            Environment = environment.SetItem("NODE_USE_ENV_PROXY", "1"),
            Mounts = command.Mounts.Add(new(_directory!, Inside)).Add(new(_forwarder!, ForwardInside)),
        };
    }

    /// <summary>Ends what is under way. After that the log is complete: a request is noted when it is over.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_client.IsValueCreated)
        {
            _client.Value.Dispose();
        }

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        if (_directory is not null && Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    private void Start(string repository)
    {
        lock (_starting)
        {
            if (_proxy is not null)
            {
                return;
            }

            try
            {
                // Not in the state directory, which the owner of the repository may not be able to enter.
                (_directory, _forwarder) = _network.Place();
                _proxy = new EgressProxy(Path.Combine(_directory, SocketName), _gate, _network.Options.Idle);
                GiveTo(repository);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
            {
                throw new WorkspaceException(FileProblem.Io, $"The egress proxy cannot be started: {e.Message}", e);
            }
        }
    }

    /// <summary>
    /// Whoever can open the socket can do what the run may do: nobody else can. Root's sandboxes run as the owner of the
    /// repository, who gets the socket but not its directory, so that nobody but root says what lies there.
    /// </summary>
    private void GiveTo(string repository)
    {
        using var ours = Handle(_directory!);
        LinuxError.Check(LinuxCalls.ChangeMode(ours, FileNames.Encode(SocketName), 0x180, 0), "close to others", SocketName);
        if (LinuxCalls.EffectiveUser() != 0)
        {
            return;
        }

        using var owned = Handle(repository);
        var owner = DirectoryHandle.StatOf(owned, repository);
        LinuxError.Check(LinuxCalls.ChangeOwner(ours, FileNames.Encode(SocketName), owner.Uid, owner.Gid, LinuxCalls.NoFollowFlag), "give", SocketName);
    }

    private static SafeFileHandle Handle(string directory)
    {
        var handle = new SafeFileHandle(
            LinuxCalls.Open(FileNames.Encode(directory), LinuxCalls.ReadOnly | LinuxCalls.Directory | LinuxCalls.CloseOnExec, 0), ownsHandle: true);
        return handle.IsInvalid ? throw LinuxError.Last("open", directory) : handle;
    }
}
