using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Sdk;
using Microsoft.AspNetCore.Http;

namespace Cairn.Host;

/// <summary>Turns what went wrong into a problem document whose text says what and how to mend it.</summary>
internal static class Problems
{
    private const int NoSpace = 28;

    public static RequestDelegate Guard(RequestDelegate handler) => async context =>
    {
        try
        {
            await handler(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be told.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var (status, title, detail) = Describe(e);
            await WriteAsync(context, status, title, detail);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The answer was under way: all that is left is to break it off, so that it is not taken for a whole one.
            context.Abort();
        }
    };

    public static Task WriteAsync(HttpContext context, int status, string title, string detail)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        return JsonSerializer.SerializeAsync(
            context.Response.Body, new ApiProblem("about:blank", title, status, detail), HostJson.Default.ApiProblem, context.RequestAborted);
    }

    private static (int Status, string Title, string Detail) Describe(Exception e) => e switch
    {
        NotFoundException => (404, "Not found", e.Message),
        ConflictException or JournalConflictException => (409, "Conflict", e.Message),
        CairnException or WorkspaceException or FormatException => (422, "Cannot be done", e.Message),
        BadHttpRequestException bad => (bad.StatusCode, "Bad request", bad.Message),
        JsonException => (400, "Bad request", $"The body is not what this call takes: {e.Message}"),
        IOException { HResult: NoSpace } => (507, "The disk is full", e.Message),
        IOException or InvalidDataException => (500, "The state directory is not as it must be", e.Message),
        OperationCanceledException => (503, "Stopping", "The daemon is stopping."),
        _ => (500, "Cairn itself failed", $"{e.GetType().Name}: {e.Message}"),
    };
}
