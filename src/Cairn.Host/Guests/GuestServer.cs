using System.Globalization;
using System.Security.Cryptography;
using System.Threading.Channels;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Models;
using Cairn.Sandbox.Egress;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cairn.Host;

/// <summary>
/// The gateway of one guest, on the socket that only its sandbox sees. Questions wait here for the kernel, which takes one after
/// the other; what asks no model (lists, counts) is answered at once.
/// </summary>
internal sealed class GuestServer : IAsyncDisposable
{
    /// <summary>The most questions that wait at once; a guest that asks more is told to come again.</summary>
    private const int MaxWaiting = 64;

    private const int MaxConnections = 256;
    private readonly Channel<GuestTurn> _turns = Channel.CreateBounded<GuestTurn>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.Wait });
    private readonly RequestBodies _bodies = new();
    private readonly GatewayDoor _door = new();
    private readonly TimeProvider _time;
    private readonly ModelInfo _model;
    private WebApplication? _app;

    public GuestServer(ModelInfo model, TimeProvider time) => (_model, _time) = (model, time);

    /// <summary>The guest's key: good for this life of this guest, and written down nowhere.</summary>
    public string Key { get; } = "cairn-" + RandomNumberGenerator.GetHexString(48, lowercase: true);

    public GatewayDoor Door => _door;

    public ChannelReader<GuestTurn> Turns => _turns.Reader;

    public async Task StartAsync(string repository, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "cairn-guest" });
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddLogging(logging => logging.ClearProviders());
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = GatewayLimits.RequestBytes;
            options.Limits.MaxConcurrentConnections = MaxConnections;
            options.ListenUnixSocket(_door.SocketPath);
        });
        _app = builder.Build();
        _app.Run(HandleAsync);
        await _app.StartAsync(cancellationToken);
        _door.OpenFor(repository);
    }

    public async ValueTask DisposeAsync()
    {
        _turns.Writer.TryComplete();
        while (_turns.Reader.TryRead(out var left))
        {
            left.Client.Cut();
            left.Finish();
        }

        if (_app is not null)
        {
            using var now = new CancellationTokenSource(TimeSpan.Zero);
            try
            {
                await _app.StopAsync(now.Token);
            }
            catch (OperationCanceledException)
            {
                // The guest is gone already.
            }

            await _app.DisposeAsync();
        }

        _door.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var client = new HttpWireClient(context);
        var format = GatewayPaths.FormatOf(context.Request.Path);
        if (ClientHeaders.Secret(context.Request) is not { } secret || !CryptographicOperations.FixedTimeEquals(
            System.Text.Encoding.UTF8.GetBytes(secret), System.Text.Encoding.UTF8.GetBytes(Key)))
        {
            await client.ErrorAsync(format, 401, "This is not the key of this run.", null, context.RequestAborted);
            return;
        }

        if (!GatewayPaths.Is(context.Request.Path) || (HttpMethods.IsGet(context.Request.Method) && context.Request.Path != GatewayPaths.Models))
        {
            await client.ErrorAsync(format, 404, "The gateway has no such call.", null, context.RequestAborted);
            return;
        }

        if (context.Request.Path == GatewayPaths.Models)
        {
            client.Start(200, "application/json", null);
            await client.WriteAsync(ModelList.Of([_model.Id]), context.RequestAborted);
            return;
        }

        var (body, status) = await _bodies.ReadAsync(context);
        using (body)
        {
            await TakeAsync(context, client, format, body?.Bytes, status);
        }
    }

    private async Task TakeAsync(HttpContext context, HttpWireClient client, WireFormat format, ReadOnlyMemory<byte>? body, int status)
    {
        var (head, problem) = body is { } bytes ? RequestHead.Read(bytes.Span) : (null, "The body is too large, or too many wait.");
        if (head is null)
        {
            await client.ErrorAsync(format, body is null ? status : 400, problem!, null, context.RequestAborted);
            return;
        }

        var call = new WireCall(format, body!.Value, head)
        {
            Id = Guid.CreateVersion7().ToString("N", CultureInfo.InvariantCulture), At = _time.GetUtcNow(), Headers = ClientHeaders.ToPass(context.Request),
        };
        if (context.Request.Path == GatewayPaths.Count)
        {
            client.Start(200, "application/json", null);
            await client.WriteAsync(
                System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"input_tokens\":{TokenEstimate.UpperBound(call.Body.Length)}}}")), context.RequestAborted);
            return;
        }

        var turn = new GuestTurn(call, client, context.RequestAborted);
        if (_turns.Writer.TryWrite(turn))
        {
            await turn.Done;
        }
        else
        {
            await client.ErrorAsync(format, 503, "Too many questions wait for their turn.", GatewayLimits.Busy, context.RequestAborted);
        }
    }

    /// <summary>Signals are the command line's business.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
