using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Memory.Cypher;

namespace Cairn.Host;

/// <summary>
/// The calls that ask the living model of the code. The answer is of the files that the call finds: the repository as it is, and
/// what the run's layers changed. It is written down like every answer, so replay never asks again.
/// </summary>
internal sealed class CodeOperation(RunSession session)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    public static bool Serves(string tool) => tool is "recall_code" or "impact" or "graph_query";

    public async Task<RunEvent> RunAsync(RunTool command, CancellationToken cancellationToken)
    {
        var services = session.Services;
        var start = services.Time.GetTimestamp();
        var result = await BoundedAsync(command, cancellationToken);
        var text = session.Count("", SafeText.ForModel(result.Text, ToolResult.MaxTextBytes));
        return new ToolCallFinished(
            command.Call.Id, result.Status, text.Body, text.Tokens, null, 0, ToolSignal.None, result.LimitHit, (long)services.Time.GetElapsedTime(start).TotalMilliseconds)
        {
            Data = result.Data is null || session.State.Spec.Agent.Kind != AgentKind.Code ? null : services.Blobs.PutText("", result.Data).Body,
            Context = new ReportMaker(session).Make(command.Call, result, text),
        };
    }

    private async Task<ToolResult> BoundedAsync(RunTool command, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Deadline, session.Services.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await AnswerAsync(command, both.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new(ToolStatus.Cancelled, "");
        }
        catch (OperationCanceledException)
        {
            return new(ToolStatus.TimedOut, $"{command.Call.Tool} took longer than {Deadline.TotalSeconds:0} s and was stopped. Ask for less.") { LimitHit = "wall time" };
        }
        catch (CypherException e)
        {
            return ToolResult.Failed($"The query cannot be answered: {e.Message}");
        }
        catch (Exception e) when (e is WorkspaceException or InvalidDataException)
        {
            return ToolResult.Failed(e.Message);
        }
    }

    private async Task<ToolResult> AnswerAsync(RunTool command, CancellationToken cancellationToken)
    {
        using var arguments = JsonDocument.Parse(session.Services.Blobs.Get(command.Call.Arguments));
        var question = CodeQuestion.Parse(command.Call.Tool, arguments.RootElement);
        if (question.Problem is { } problem)
        {
            return ToolResult.Failed(problem);
        }

        if (session.Model is not { } model)
        {
            return ToolResult.Failed("There is no model of the code here. Use search, list_files and read_file.");
        }

        var (view, lacks) = await model.BestAsync(command.Layer, cancellationToken);
        if (view is null)
        {
            return ToolResult.Failed($"{string.Join(' ', lacks)} Use search, list_files and read_file.");
        }

        await using (view)
        {
            // What a question costs is known when it is answered: not on the thread that drives the run.
            return await Task.Run(() => question.AnswerAsync(view.Model, lacks, session.Services.Time, cancellationToken), cancellationToken);
        }
    }
}
