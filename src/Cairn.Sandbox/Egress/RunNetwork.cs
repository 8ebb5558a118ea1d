using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>
/// One run's network. What asks goes through a line of its own: a call, or a server that lives for several of them, so
/// that requests which are made at the same time are told apart. All lines go by the same rules.
/// </summary>
public sealed class RunNetwork : INetwork, IAsyncDisposable
{
    /// <summary>The proxy's port on the sandbox's own loopback.</summary>
    public const int ProxyPort = 3128;

    private const string Forward = "forward";
    private readonly EgressOptions _options;
    private readonly NetworkLine _own;
    private readonly Lock _starting = new();
    private NetworkPlace? _place;
    private int _lines;

    /// <summary>A run's network; nothing listens before the first sandbox wants it.</summary>
    public RunNetwork(EgressOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _own = Open();
    }

    /// <summary>The program that stands between a sandbox's programs and the proxy; null when it was not built.</summary>
    internal static string? Forwarder => Path.Combine(AppContext.BaseDirectory, "cairn-forward") is var path && File.Exists(path) ? path : null;

    internal EgressOptions Options => _options;

    /// <summary>A line of its own, for who disposes it.</summary>
    public NetworkLine Open() => new(this, _options);

    /// <inheritdoc/>
    public INetworkLine OpenLine() => Open();

    /// <inheritdoc/>
    public Task<NetworkAnswer> GetAsync(Uri url, int maxBytes, CancellationToken cancellationToken) => _own.GetAsync(url, maxBytes, cancellationToken);

    /// <summary>What was asked over no line in particular since this was last called.</summary>
    public ImmutableArray<NetworkAccess> TakeLog() => _own.TakeLog();

    /// <summary>The command with the way to the proxy, over no line in particular.</summary>
    public SandboxCommand Connect(SandboxCommand command, string repository) => _own.Connect(command, repository);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _own.DisposeAsync();
        _place?.Dispose();
    }

    /// <summary>A new directory for a line's socket, and the forwarder's path.</summary>
    internal (string Directory, string Forwarder) Place()
    {
        lock (_starting)
        {
            var forwarder = Forwarder ?? throw new WorkspaceException(
                FileProblem.NotFound, "The network needs cairn-forward, which was not built: install a C compiler (apt-get install gcc libc6-dev) and build Cairn again.");
            if (_place is null)
            {
                _place = NetworkPlace.Make(Path.GetTempPath());
                File.Copy(forwarder, Path.Combine(_place.Directory, Forward));
            }

            var line = Path.Combine(_place.Directory, (++_lines).ToString(CultureInfo.InvariantCulture));
            Directory.CreateDirectory(line);
            NetworkPlace.LetPass(line);
            return (line, Path.Combine(_place.Directory, Forward));
        }
    }
}
