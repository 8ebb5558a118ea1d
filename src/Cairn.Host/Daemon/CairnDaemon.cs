using System.Net;
using Cairn.Abstractions;
using Cairn.Sdk;
using Cairn.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Cairn.Host;

/// <summary>What a daemon takes from outside.</summary>
/// <param name="Host">As for a process that works alone; nobody sits at a daemon, so its human is not asked.</param>
public sealed record DaemonOptions(HostOptions Host)
{
    /// <summary>Loopback address and port to serve as well; null for the socket only.</summary>
    public string? Listen { get; init; }

    /// <summary>Code agents that runs may belong to.</summary>
    public IReadOnlyList<ICodeAgent> Agents { get; init; } = [];

    /// <summary>When it collects its state directory by itself, and what it keeps; null for never.</summary>
    public CollectionPlan? Collect { get; init; }

    /// <summary>How much it does at once.</summary>
    public DaemonLimits Limits { get; init; } = new();
}

/// <summary>
/// Owns a state directory, drives its runs in the background and serves the local API. When it dies, however it dies, the
/// next one goes on with what was running.
/// </summary>
public sealed class CairnDaemon : IAsyncDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly DaemonOptions _options;
    private readonly EmbeddedCairn _cairn;
    private readonly DaemonRuns _runs;
    private readonly RunSupervisor _supervisor;
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping;
    private ModelGateway? _gateway;
    private Task _collecting = Task.CompletedTask;
    private bool _disposed;

    private CairnDaemon(
        DaemonOptions options, EmbeddedCairn cairn, DaemonRuns runs, RunSupervisor supervisor, WebApplication app, CancellationTokenSource stopping) =>
        (_options, _cairn, _runs, _supervisor, _app, _stopping) = (options, cairn, runs, supervisor, app, stopping);

    /// <summary>Path of the socket.</summary>
    public string Socket => ApiServer.SocketPath(_options.Host.StateDirectory);

    /// <summary>The TCP address; null when there is none.</summary>
    public Uri? Address { get; private set; }

    /// <summary>The runs that were interrupted and that it cannot go on with: a line for each.</summary>
    public IReadOnlyList<string> Left => [.. _runs.Left.Select(l => l.Reason)];

    /// <summary>The API's calls as the router knows them, "GET /v1/runs" and so on.</summary>
    internal IReadOnlyList<string> Routes =>
    [
        .. _app.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints
            .OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {e.RoutePattern.RawText}"))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Opens the state directory, goes on with what was interrupted, and serves.</summary>
    /// <exception cref="CairnException">When another process owns the directory, or an option is wrong.</exception>
    public static async Task<CairnDaemon> StartAsync(DaemonOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var directory = options.Host.StateDirectory;
        var listen = options.Listen is null ? null : ApiServer.ParseListen(options.Listen);
        var socket = ApiServer.SocketPath(directory);
        var feed = new EventFeed();
        var decisions = new PendingDecisions();
        feed.OnRecord = decisions.Recorded;
        var effects = new FairGate(options.Limits.ActiveEffects);
        StateStore? store = null;
        var cairn = (EmbeddedCairn)CairnHost.Open(options.Host with { Human = decisions }, (services, opened) =>
        {
            store = opened;
            return services with { Journal = new WakingJournal(services.Journal, feed), Effects = effects };
        });
        try
        {
            MakePrivate(directory);

            // We hold the lock, so nobody listens on what a killed daemon left.
            File.Delete(socket);
            var supervisor = new RunSupervisor(cairn.Control, feed, decisions, options.Limits);
            var runs = new DaemonRuns(cairn, supervisor, decisions, options.Agents);
            var stopping = new CancellationTokenSource();
            var periodic = options.Collect is { } plan ? new PeriodicCollection(runs, plan, options.Host.Time) : null;
            var routes = new ApiRoutes(runs, new EventStream(store!, feed, runs, options.Host.Time), () => Health(runs, feed, directory, periodic), stopping.Token);
            var gateway = new ModelGateway(new(directory, options.Host.Time, store!.Flush), new NamedModel(cairn.Services.Models), cairn.Services.Blobs, options.Host.Time);
            var app = ApiServer.Build(directory, listen, options.Limits, new GatewayRoutes(gateway, routes));
            var daemon = new CairnDaemon(options, cairn, runs, supervisor, app, stopping) { _gateway = gateway };
            await app.StartAsync(cancellationToken);
            daemon.Address = AddressOf(app, listen);
            runs.ResumeInterrupted();
            daemon._collecting = periodic?.RunAsync(stopping.Token) ?? Task.CompletedTask;
            return daemon;
        }
        catch (Exception e)
        {
            await cairn.DisposeAsync();
            if (e is IOException)
            {
                throw new UserException($"The daemon cannot serve {directory}: {e.Message}", e);
            }

            throw;
        }
    }

    /// <summary>Stops accepting, lets go of the runs so that the next daemon resumes them, and closes the state directory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        using var patience = new CancellationTokenSource(_options.Limits.StopPatience);
        await _stopping.CancelAsync();
        try
        {
            await _supervisor.AbandonAsync(patience.Token);
            await _app.StopAsync(patience.Token);
            await _collecting.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // What does not stop in time is cut off with the process, as a kill would.
        }

        File.Delete(Socket);
        _gateway?.Dispose();
        await _cairn.DisposeAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private static void MakePrivate(string directory)
    {
        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(directory) is var mode && (mode & ~Private) != 0)
        {
            File.SetUnixFileMode(directory, mode & Private);
        }
    }

    private static Uri? AddressOf(WebApplication app, IPEndPoint? listen) => listen is null ? null
        : app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Where(a => !a.Contains("unix:", StringComparison.Ordinal)).Select(a => new Uri(a)).Single();

    private static HealthView Health(DaemonRuns runs, EventFeed feed, string directory, PeriodicCollection? collection) => new(
        "ok", typeof(CairnDaemon).Assembly.GetName().Version!.ToString(3), Environment.ProcessId, directory,
        runs.Live, runs.Queued, runs.ActiveEffects, feed.Watchers, runs.Left)
    {
        Collected = collection?.Last,
    };
}
