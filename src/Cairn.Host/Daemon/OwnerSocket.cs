using Cairn.Sdk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cairn.Host;

/// <summary>
/// A process that drives runs without being a daemon owns the state directory as well: nobody else could stop them. Over this
/// socket others look at its runs and stop them, by the same calls as a daemon's; it starts nothing, for it ends with its own run.
/// </summary>
internal sealed class OwnerSocket : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly WebApplication _app;
    private readonly string _path;

    private OwnerSocket(WebApplication app, string path) => (_app, _path) = (app, path);

    /// <summary>Listens; null when that cannot be: the run is not to fail for it.</summary>
    public static async Task<OwnerSocket?> TryListenAsync(string stateDirectory, EmbeddedCairn cairn, CancellationToken cancellationToken)
    {
        WebApplication? app = null;
        try
        {
            var path = ApiServer.SocketPath(stateDirectory, RemoteCairn.ControlSocketName);
            File.Delete(path); // We hold the lock: nobody listens on it.
            app = ApiServer.Build(stateDirectory, null, new DaemonLimits { Connections = 16 }, new Routes(cairn), RemoteCairn.ControlSocketName);
            await app.StartAsync(cancellationToken);
            return new(app, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CairnException or System.Net.Sockets.SocketException)
        {
            if (app is not null)
            {
                await app.DisposeAsync();
            }

            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            // Who asked for a stop is told of it before the process ends.
            await _app.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Cut off with the process.
        }

        File.Delete(_path);
        await _app.DisposeAsync();
    }

    private sealed class Routes(EmbeddedCairn cairn) : IApiRoutes
    {
        public void Map(IEndpointRouteBuilder app)
        {
            ApiRoutes.Get(app, "/v1/runs", async c => await ApiRoutes.Answer(c, await cairn.RunsAsync(c.RequestAborted), HostJson.Default.IReadOnlyListRunSummary));
            ApiRoutes.Get(app, "/v1/runs/{run}", async c => await ApiRoutes.Answer(c, await FindAsync(c), HostJson.Default.RunSummary));
            ApiRoutes.Post(app, "/v1/runs/{run}/pause", c => StopAsync(c, pause: true));
            ApiRoutes.Post(app, "/v1/runs/{run}/cancel", c => StopAsync(c, pause: false));
        }

        private Task<RunSummary> FindAsync(HttpContext context) => cairn.FindAsync(ApiRoutes.Named(context, "run"), context.RequestAborted);

        private async Task StopAsync(HttpContext context, bool pause)
        {
            var run = (await FindAsync(context)).Id;
            await ApiRoutes.Answer(
                context, await cairn.StopDrivenAsync(run, pause, await ApiRoutes.ReasonAsync(context, pause), context.RequestAborted), HostJson.Default.RunSummary);
        }
    }
}
