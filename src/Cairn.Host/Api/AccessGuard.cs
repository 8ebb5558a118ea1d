using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Cairn.Host;

/// <summary>
/// Who may speak to the daemon. Over the socket: processes of the same user (or root), as the kernel vouches for them.
/// Over TCP: who has the token, under a loopback name, and no web page of another origin. What is neither is refused.
/// </summary>
internal sealed class AccessGuard(ApiToken? token, uint owner)
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;
    private static readonly object Trusted = new();

    /// <summary>The user that this process runs as.</summary>
    public static uint Self() => uint.Parse(
        File.ReadLines("/proc/self/status").First(l => l.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2], CultureInfo.InvariantCulture);

    /// <summary>For connections of the Unix socket: lets ours through and marks them.</summary>
    public ConnectionDelegate Vouch(ConnectionDelegate next) => connection =>
    {
        if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket && IsOurs(socket))
        {
            connection.Items[Trusted] = true;
            return next(connection);
        }

        connection.Abort(new ConnectionAbortedException("The other process is not of this user."));
        return Task.CompletedTask;
    };

    /// <summary>For requests: those of the socket pass, those of TCP need everything.</summary>
    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(Trusted) == true)
        {
            await next(context);
            return;
        }

        var port = context.Connection.LocalPort;
        if (!IsLoopbackName(context.Request.Host, port) || context.Connection.LocalIpAddress is not { } address || !IPAddress.IsLoopback(address))
        {
            await Problems.WriteAsync(context, 421, "Wrong host", "This API answers under a loopback address only.");
            return;
        }

        if (context.Request.Headers.Origin.FirstOrDefault() is { } origin && origin != $"http://{context.Request.Host}")
        {
            await Problems.WriteAsync(context, 403, "Wrong origin", "Pages of other origins may not use this API.");
            return;
        }

        if (GatewayPaths.Is(context.Request.Path))
        {
            // Who asks models presents a virtual key, which the gateway checks; the token is for those who rule runs.
            await next(context);
            return;
        }

        if (token is null || !token.Accepts(context.Request.Headers.Authorization.FirstOrDefault()))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await Problems.WriteAsync(context, 401, "No valid token", $"Send the text of the file {ApiToken.FileName} in the state directory as a bearer token.");
            return;
        }

        await next(context);
    }

    // A page of evil.example whose name was made to mean 127.0.0.1 still names itself here.
    private static bool IsLoopbackName(HostString host, int port) =>
        host.Host is "127.0.0.1" or "localhost" or "[::1]" or "::1" && (host.Port ?? 80) == port;

    private bool IsOurs(Socket socket)
    {
        // struct ucred: pid, uid, gid.
        Span<byte> credentials = stackalloc byte[12];
        var read = socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials);
        var user = BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]);
        return read == credentials.Length && (user == owner || user == 0);
    }
}
