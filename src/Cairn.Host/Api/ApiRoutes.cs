using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cairn.Abstractions;
using Cairn.Sdk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cairn.Host;

/// <summary>The calls of the local API. Each is a plain request handler: nothing is bound by reflection.</summary>
internal sealed class ApiRoutes(DaemonRuns runs, EventStream events, Func<HealthView> health, CancellationToken stopping) : IApiRoutes
{
    private readonly EmbeddedCairn _cairn = runs.Cairn;

    public void Map(IEndpointRouteBuilder app)
    {
        Get(app, "/openapi.json", OpenApiAsync);
        Get(app, "/v1/health", c => Answer(c, health(), HostJson.Default.HealthView));
        Get(app, "/v1/runs", async c => await Answer(c, await _cairn.RunsAsync(c.RequestAborted), HostJson.Default.IReadOnlyListRunSummary));
        Post(app, "/v1/runs", StartAsync);
        Get(app, "/v1/runs/{run}", async c => await Answer(c, await FindAsync(c), HostJson.Default.RunSummary));
        Get(app, "/v1/runs/{run}/log", async c =>
            await Answer(c, await _cairn.LogAsync(await RunAsync(c), c.RequestAborted), HostJson.Default.IReadOnlyListLogEntry));
        Get(app, "/v1/runs/{run}/state", async c =>
            await Answer(c, await _cairn.ShowAsync(await RunAsync(c), At(c), c.RequestAborted), HostJson.Default.StateView));
        Get(app, "/v1/runs/{run}/context", async c =>
            await Answer(c, await _cairn.ContextAsync(await RunAsync(c), At(c), c.RequestAborted), HostJson.Default.ContextView));
        Get(app, "/v1/runs/{run}/checkpoints", async c =>
            await Answer(c, await _cairn.CheckpointsAsync(await RunAsync(c), c.RequestAborted), HostJson.Default.IReadOnlyListCheckpointView));
        Get(app, "/v1/runs/{run}/diff", async c =>
            await Answer(c, await _cairn.DiffAsync(await RunAsync(c), At(c), c.RequestAborted), HostJson.Default.DiffView));
        Get(app, "/v1/runs/{run}/verify", async c =>
            await Answer(c, await _cairn.VerifyAsync(await RunAsync(c), c.RequestAborted), HostJson.Default.ReplayView));
        Get(app, "/v1/runs/{run}/compare/{other}", async c => await Answer(
            c, await _cairn.CompareAsync(await RunAsync(c), (await _cairn.FindAsync(Named(c, "other"), c.RequestAborted)).Id, c.RequestAborted), HostJson.Default.ComparisonView));
        Post(app, "/v1/runs/{run}/rollback", RollBackAsync);
        Post(app, "/v1/runs/{run}/fork", ForkAsync);
        Post(app, "/v1/runs/{run}/merge", async c =>
            await Answer(c, await runs.MergeAsync(await RunAsync(c), await MergeOf(c), c.RequestAborted), HostJson.Default.MergeView));
        Get(app, "/v1/runs/{run}/conflicts", async c => await Answer(
            c, await _cairn.ConflictsAsync(await RunAsync(c), c.Request.Query["path"].FirstOrDefault(), c.RequestAborted), HostJson.Default.IReadOnlyListConflictView));
        Post(app, "/v1/runs/{run}/resume", async c =>
            await Answer(c, await runs.ResumeAsync(await RunAsync(c), c.RequestAborted), HostJson.Default.RunSummary));
        Post(app, "/v1/runs/{run}/pause", c => StopAsync(c, pause: true));
        Post(app, "/v1/runs/{run}/cancel", c => StopAsync(c, pause: false));
        Get(app, "/v1/decisions", c => Answer(c, runs.Decisions, HostJson.Default.IReadOnlyListPendingDecision));
        Post(app, "/v1/runs/{run}/decisions/{decision}", AnswerDecisionAsync);
        Get(app, "/v1/bodies/{hash}", BodyAsync);
        Post(app, "/v1/runs/{run}/replay", ReplayAsync);
        Post(app, "/v1/collect", async c => await Answer(
            c, await runs.CollectAsync(await ReadAsync(c, HostJson.Default.CollectionRequest), c.RequestAborted), HostJson.Default.CollectionReport));
        Get(app, "/v1/layers", async c => await Answer(c, await _cairn.LayersAsync(store: false, c.RequestAborted), HostJson.Default.LayersView));
        Post(app, "/v1/layers/store", async c =>
            await Answer(c, await runs.StoreLayersAsync(c.RequestAborted), HostJson.Default.LayersView));
        Get(app, "/v1/events", c => EventsAsync(c, null));
        Get(app, "/v1/runs/{run}/events", async c => await EventsAsync(c, await RunAsync(c)));
    }

    public static byte[] OpenApi()
    {
        using var stream = typeof(ApiRoutes).Assembly.GetManifestResourceStream("openapi.json")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    internal static void Get(IEndpointRouteBuilder app, string pattern, RequestDelegate handler) =>
        app.MapGet(pattern, Problems.Guard(handler));

    internal static void Post(IEndpointRouteBuilder app, string pattern, RequestDelegate handler) =>
        app.MapPost(pattern, Problems.Guard(handler));

    internal static Task Answer<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json";
        return JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }

    private static Task OpenApiAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        return context.Response.Body.WriteAsync(OpenApi(), context.RequestAborted).AsTask();
    }

    /// <summary>The body as a value; only JSON is taken, which a web page cannot send to us unasked.</summary>
    internal static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new BadHttpRequestException("The body must be JSON, with the content type application/json.", 415);
        }

        return await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted)
            ?? throw new JsonException("it is null.");
    }

    private static string At(HttpContext context) => context.Request.Query["at"].FirstOrDefault() ?? "end";

    internal static string Named(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    private Task<RunSummary> FindAsync(HttpContext context) => _cairn.FindAsync(Named(context, "run"), context.RequestAborted);

    private async Task<RunId> RunAsync(HttpContext context)
    {
        var named = Named(context, "run");
        return named.Length == 14 && _cairn.Services.Journal.Read(RunId.Parse(named)).Count > 0
            ? RunId.Parse(named)
            : (await FindAsync(context)).Id;
    }

    private async Task StartAsync(HttpContext context)
    {
        var request = await ReadAsync(context, HostJson.Default.StartRun);
        var run = await runs.StartAsync(request, context.RequestAborted);
        context.Response.StatusCode = 201;
        context.Response.Headers.Location = $"/v1/runs/{run.Id}";
        await Answer(context, run, HostJson.Default.RunSummary);
    }

    private async Task RollBackAsync(HttpContext context)
    {
        var run = await RunAsync(context);
        var call = await ReadAsync(context, HostJson.Default.RollbackCall);
        await Answer(context, await runs.RollBackAsync(run, call.Checkpoint, context.RequestAborted), HostJson.Default.RunSummary);
    }

    private async Task ForkAsync(HttpContext context)
    {
        var run = await RunAsync(context);
        var call = await ReadAsync(context, HostJson.Default.ForkCall);
        var fork = await _cairn.ForkAsync(run, call.At, call.Model, context.RequestAborted);
        context.Response.StatusCode = 201;
        context.Response.Headers.Location = $"/v1/runs/{fork}";
        await Answer(context, await _cairn.FindAsync(fork.Value, context.RequestAborted), HostJson.Default.RunSummary);
    }

    private async Task StopAsync(HttpContext context, bool pause)
    {
        var run = await RunAsync(context);
        await Answer(context, await runs.StopAsync(run, pause, await ReasonAsync(context, pause), context.RequestAborted), HostJson.Default.RunSummary);
    }

    private async Task ReplayAsync(HttpContext context)
    {
        var run = await RunAsync(context);
        var options = await ReadAsync(context, HostJson.Default.LiveReplayOptions);
        await Answer(context, await _cairn.ReplayLiveAsync(run, options, null, context.RequestAborted), HostJson.Default.DriftView);
    }

    internal static async Task<string> ReasonAsync(HttpContext context, bool pause)
    {
        var reason = context.Request.ContentLength is > 0 ? (await ReadAsync(context, HostJson.Default.StopCall)).Reason : "";
        reason = SafeText.Line(reason, 500);
        return reason.Length > 0 ? reason : pause ? "paused by the user" : "cancelled by the user";
    }

    private static async Task<MergeRequest> MergeOf(HttpContext context) =>
        context.Request.HasJsonContentType() ? await ReadAsync(context, HostJson.Default.MergeRequest) : new();

    private async Task AnswerDecisionAsync(HttpContext context)
    {
        var run = await RunAsync(context);
        var call = await ReadAsync(context, HostJson.Default.AnswerCall);
        var decision = DecisionId.Parse(Named(context, "decision"));
        await Answer(context, await runs.AnswerAsync(run, decision, call.Answer, context.RequestAborted), HostJson.Default.RunSummary);
    }

    private Task BodyAsync(HttpContext context)
    {
        var hash = BlobHash.Parse(Named(context, "hash"));
        var body = _cairn.Services.Blobs.TryGet(hash) ?? throw new NotFoundException($"There is no body {hash} in this state directory.");

        // What a model or a tool wrote is never shown as a page.
        context.Response.ContentType = "application/octet-stream";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private async Task EventsAsync(HttpContext context, RunId? run)
    {
        var query = EventQuery.From(context, run);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            if (context.WebSockets.IsWebSocketRequest)
            {
                await SocketAsync(context, query, either);
                return;
            }

            var sink = new SseSink(context.Response);
            await sink.BeginAsync(either.Token);
            await events.RunAsync(query, sink, either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // The reader left, or the daemon stops: he goes on from his last position elsewhere or later.
        }
    }

    private async Task SocketAsync(HttpContext context, EventQuery query, CancellationTokenSource ending)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var sink = new WebSocketSink(socket);
        var closed = sink.UntilClosedAsync(ending.Token);
        _ = closed.ContinueWith(_ => ending.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await events.RunAsync(query, sink, ending.Token);
        }
        catch (System.Net.WebSockets.WebSocketException)
        {
            return;
        }
        catch (OperationCanceledException)
        {
            // Closed below, so that the other side knows that this is no failure.
        }

        if (socket.State is System.Net.WebSockets.WebSocketState.Open or System.Net.WebSockets.WebSocketState.CloseReceived)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await socket.CloseOutputAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, limit.Token);
        }
    }
}
