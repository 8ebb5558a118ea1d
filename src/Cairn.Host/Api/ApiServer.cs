using System.Net;
using System.Net.Sockets;
using Cairn.Sdk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cairn.Host;

/// <summary>The HTTP server: a Unix socket, and a loopback TCP port when it is asked for.</summary>
internal static class ApiServer
{
    /// <summary>sun_path without its final NUL.</summary>
    private const int MaxSocketPath = 107;

    private const UnixFileMode OnlyUs = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static WebApplication Build(string stateDirectory, IPEndPoint? listen, DaemonLimits limits, IApiRoutes routes, string name = RemoteCairn.SocketName)
    {
        var socket = SocketPath(stateDirectory, name);
        var guard = new AccessGuard(listen is null ? null : ApiToken.Open(stateDirectory), AccessGuard.Self());
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "cairn", ContentRootPath = stateDirectory });
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddLogging(logging => logging.ClearProviders());
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = Bind);
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = limits.RequestBytes;
            options.Limits.MaxConcurrentConnections = limits.Connections;
            options.Limits.MaxConcurrentUpgradedConnections = limits.Connections;
            options.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            options.ListenUnixSocket(socket, one => one.Use(guard.Vouch));
            if (listen is not null)
            {
                options.Listen(listen, one => one.Protocols = HttpProtocols.Http1);
            }
        });
        var app = builder.Build();
        app.Use(next => context => guard.CheckAsync(context, next));
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(15), KeepAliveTimeout = TimeSpan.FromSeconds(30) });
        app.UseRouting();
        app.Use(next => context => context.GetEndpoint() is null
            ? Problems.WriteAsync(context, 404, "Not found", $"There is no {context.Request.Method} {context.Request.Path}; see /openapi.json.")
            : next(context));
        routes.Map(app);
        return app;
    }

    /// <summary>Where the socket of a state directory lies.</summary>
    /// <exception cref="UserException">When its path is longer than the system allows.</exception>
    public static string SocketPath(string stateDirectory, string name = RemoteCairn.SocketName)
    {
        var path = Path.Combine(stateDirectory, name);
        return System.Text.Encoding.UTF8.GetByteCount(path) <= MaxSocketPath
            ? path
            : throw new UserException($"The path {path} is longer than the {MaxSocketPath} bytes that a socket may have: choose a shorter --state DIR.");
    }

    /// <summary>A loopback address and port.</summary>
    public static IPEndPoint ParseListen(string text) =>
        IPEndPoint.TryParse(text, out var point) && IPAddress.IsLoopback(point.Address) && text.Contains(':', StringComparison.Ordinal)
            ? point
            : throw new UserException($"--listen takes a loopback address and a port, such as 127.0.0.1:7411; '{text}' is not one.");

    // The mode is set after bind and before listen: nobody can connect in between.
    private static Socket Bind(EndPoint point)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(point);
        if (point is UnixDomainSocketEndPoint unix && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(unix.ToString()!, OnlyUs);
        }

        return socket;
    }

    /// <summary>Signals are the command line's business.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
