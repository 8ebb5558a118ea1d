using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cairn.Tests.Integration.Models;

/// <summary>What a fake server answers to one request: a status, headers, bytes, and how the connection ends.</summary>
internal sealed record FakeReply(string Body)
{
    public int Status { get; init; } = 200;

    public string ContentType { get; init; } = "text/event-stream";

    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>Bytes per write; 0 writes all at once.</summary>
    public int PieceBytes { get; init; }

    public FakeEnd End { get; init; } = FakeEnd.Proper;

    /// <summary>The body is sent again and again, until the other side hangs up.</summary>
    public bool Endless { get; init; }

    public static FakeReply Json(int status, string body) => new(body) { Status = status, ContentType = "application/json" };
}

/// <summary>How a reply ends.</summary>
internal enum FakeEnd
{
    Proper,

    /// <summary>The connection is cut.</summary>
    Cut,

    /// <summary>Nothing more comes, and the connection stays open.</summary>
    Silence,
}

/// <summary>A request as it came over the wire.</summary>
internal sealed record FakeRequest(string Path, Dictionary<string, string> Headers, string Body)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();
}

/// <summary>A model server on the loopback: answers each POST with the next reply, and GET …/models with a list.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<FakeReply> _replies = new();
    private readonly CancellationTokenSource _closing = new();

    private int _disposed;
    private long _taken;
    private int _hungUp;

    private FakeServer(WebApplication app) => _app = app;

    public ConcurrentQueue<FakeRequest> Requests { get; } = new();

    /// <summary>Answers what nothing is queued for; null refuses it.</summary>
    public Func<FakeRequest, FakeReply>? Otherwise { get; set; }

    /// <summary>Bytes that the other side has taken of endless answers.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Endless answers that were hung up on.</summary>
    public int HungUp => Volatile.Read(ref _hungUp);

    public string Models { get; set; } = """{"object":"list","data":[]}""";

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Set by the test once the client has read: a cut throws away what is still on its way.</summary>
    public TaskCompletionSource MayCut { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<FakeServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FakeServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync(CancellationToken.None);
        return server;
    }

    public void Enqueue(FakeReply reply) => _replies.Enqueue(reply);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _closing.CancelAsync();
            await _app.DisposeAsync();
            _closing.Dispose();
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var asked = new FakeRequest(context.Request.Path, context.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()), body);
        Requests.Enqueue(asked);
        var reply = HttpMethods.IsGet(context.Request.Method) ? FakeReply.Json(200, Models)
            : _replies.TryDequeue(out var next) ? next
            : Otherwise is { } otherwise ? otherwise(asked)
            : FakeReply.Json(599, """{"error":{"message":"the test scripted no further reply"}}""");
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType;
        foreach (var (name, value) in reply.Headers)
        {
            context.Response.Headers[name] = value;
        }

        if (reply.Endless)
        {
            await EndlessAsync(context, Encoding.UTF8.GetBytes(reply.Body));
            return;
        }

        await WriteAsync(context, reply);
        switch (reply.End)
        {
            case FakeEnd.Cut:
                await MayCut.Task.WaitAsync(_closing.Token);
                context.Abort();
                break;
            case FakeEnd.Silence:
                using (var either = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token, context.RequestAborted))
                {
                    await Task.Delay(Timeout.Infinite, either.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                }

                break;
        }
    }

    private static async Task WriteAsync(HttpContext context, FakeReply reply)
    {
        var bytes = Encoding.UTF8.GetBytes(reply.Body);
        var step = reply.PieceBytes > 0 ? reply.PieceBytes : Math.Max(1, bytes.Length);
        for (var at = 0; at < bytes.Length; at += step)
        {
            await context.Response.Body.WriteAsync(bytes.AsMemory(at, Math.Min(step, bytes.Length - at)), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private async Task EndlessAsync(HttpContext context, byte[] bytes)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token, context.RequestAborted);
        try
        {
            while (true)
            {
                await context.Response.Body.WriteAsync(bytes, either.Token);
                await context.Response.Body.FlushAsync(either.Token);
                Interlocked.Add(ref _taken, bytes.Length);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            Interlocked.Increment(ref _hungUp);
        }
    }
}
