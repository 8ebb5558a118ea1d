using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Completes what a tool says about its answer: a summary for when there is no room, and what the call was about.</summary>
internal sealed class ReportMaker(RunSession session)
{
    private const int MaxSubject = 300;

    /// <summary>The report that is journaled; null when there is nothing to say, or no prompt that it matters for.</summary>
    public ContextReport? Make(TurnCall call, ToolResult result, TextSource text)
    {
        if (session.State.Context is not { } context)
        {
            return null;
        }

        var report = result.Context ?? new ContextReport();
        report = report with
        {
            Files = report.Files.IsDefaultOrEmpty ? [] : [.. report.Files.Take(ContextReport.MaxFiles)],
            Subject = result.Status != ToolStatus.Ok || report.IsError || !context.Errors.IsEmpty ? Subject(call) : null,
            Brief = Brief(call, result, text),
        };
        return report.IsEmpty ? null : report;
    }

    private TextSource? Brief(TurnCall call, ToolResult result, TextSource text)
    {
        if (text.Tokens < Briefs.LeastTokens)
        {
            return null;
        }

        var brief = Briefs.Of(call.Tool, result.Text, ContextAddress.Result(call.Id));
        return brief is null ? null : session.Count("", brief) is var stored && stored.Tokens < text.Tokens ? stored : null;
    }

    private string? Subject(TurnCall call)
    {
        try
        {
            using var arguments = JsonDocument.Parse(session.Services.Blobs.Get(call.Arguments));
            foreach (var name in (ImmutableArray<string>)["path", "command", "url", "pattern"])
            {
                if (arguments.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
                {
                    return SafeText.Line(value.GetString()!, MaxSubject);
                }
            }
        }
        catch (JsonException)
        {
            // It was checked before; if it is not JSON after all, the hash of the arguments says what it was about.
        }

        return null;
    }
}
