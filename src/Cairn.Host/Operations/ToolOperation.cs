using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Sandbox.Egress;

namespace Cairn.Host;

/// <summary>Runs a tool on the run's workspace and freezes what it changed into a layer of its own.</summary>
internal sealed class ToolOperation(RunSession session)
{
    private readonly CallGrounding _grounding = new(session);

    /// <summary>Begins what takes long before it is needed.</summary>
    public void Begin() => _grounding.Begin();

    public async Task<RunEvent> RunAsync(RunTool command, CancellationToken cancellationToken)
    {
        var services = session.Services;
        var workspace = await session.WorkspaceAsync();
        var start = services.Time.GetTimestamp();
        var names = await _grounding.BeforeAsync(command.Call, command.Layer, cancellationToken);
        if (names is { Blocked: true })
        {
            return Blocked(command.Call, names, services.Time.GetElapsedTime(start));
        }

        var printed = new PartialOutput();
        workspace.Shells?.Begin(command.Call.Id);
        var notes = new CallNotes();
        await using var line = session.Network?.Open();
        var result = await InvokeAsync(command.Call, new CallWorkspace(workspace, session.State.Spec.Limits.Command, SandboxRules.Of(session.State), session.Network, line, notes), line, printed, cancellationToken);
        if (line is not null)
        {
            // What a command left under way is over with it, and only then is it noted.
            await line.DisposeAsync();
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return CutOff(command.Call, printed, services.Time.GetElapsedTime(start)) with { Network = Asked(line, result), Effects = notes.Effects(null, null) };
        }

        LayerChanges? changes = null;
        if (command.Call.Effect != EffectClass.Pure)
        {
            (changes, result) = Freeze(workspace, result);
        }

        names = await _grounding.AfterAsync(names, command.Layer, changes, cancellationToken);
        result = CallGrounding.Told(result, names);
        var text = session.Count("", Bounded(result.Text));
        var elapsed = services.Time.GetElapsedTime(start);
        return new ToolCallFinished(
            command.Call.Id,
            result.Status,
            text.Body,
            text.Tokens,
            changes?.Layer,
            changes?.Changes.Length ?? 0,
            result.Signal,
            result.LimitHit,
            (long)elapsed.TotalMilliseconds)
        {
            Shells = Equals(workspace.Shells?.Set, session.State.Shells) ? null : workspace.Shells?.Set,
            Data = result.Data is null || session.State.Spec.Agent.Kind != AgentKind.Code
                ? null
                : services.Blobs.PutText("", result.Data).Body,
            Context = new ReportMaker(session).Make(command.Call, result, text),
            Network = Asked(line, result),
            Effects = notes.Effects(changes?.Changes, result.LimitHit),
            Grounding = names,
        };
    }

    private ToolCallFinished Blocked(TurnCall call, GroundingReport names, TimeSpan elapsed)
    {
        var result = CallGrounding.Refused(names);
        var text = session.Count("", Bounded(result.Text));
        return new(call.Id, result.Status, text.Body, text.Tokens, null, 0, ToolSignal.None, null, (long)elapsed.TotalMilliseconds)
        {
            Context = new ReportMaker(session).Make(call, result, text),
            Grounding = names,
        };
    }

    private (LayerChanges?, ToolResult) Freeze(IWorkspace workspace, ToolResult result)
    {
        try
        {
            // Events only count up, so the id was never used before, not even by an attempt that a crash cut off.
            return (workspace.Freeze(LayerId.Parse($"{session.Run}.{session.State.Count}")), result);
        }
        catch (WorkspaceException e) when (e.Problem == FileProblem.TooLarge)
        {
            // What a command left behind can be such that no layer can hold it; that is its failure, not the run's.
            workspace.Discard();
            return (null, result with { Status = ToolStatus.Failed, Text = $"Nothing of what the call changed could be kept: {e.Message}\n{result.Text}", Data = null });
        }
    }

    private async Task<ToolResult> InvokeAsync(TurnCall call, CallWorkspace workspace, INetwork? network, PartialOutput printed, CancellationToken cancellationToken)
    {
        var tool = session.Tools.Find(call.Tool);
        if (tool is null)
        {
            return new(ToolStatus.Invalid, $"There is no tool {call.Tool} here any more.");
        }

        using var deadline = new CancellationTokenSource(tool.Descriptor.Timeout, session.Services.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using var arguments = JsonDocument.Parse(session.Services.Blobs.Get(call.Arguments));
            var context = new ToolContext(session.Run, call.Id, workspace, text => Printed(printed, text, cancellationToken))
            {
                Exact = session.State.Spec.Agent.Kind == AgentKind.Code,
                Network = network,
            };
            return await tool.InvokeAsync(context, arguments.RootElement, both.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new(ToolStatus.Cancelled, "");
        }
        catch (OperationCanceledException)
        {
            return new(ToolStatus.TimedOut, $"{call.Tool} took longer than {tool.Descriptor.Timeout} and was stopped.") { LimitHit = "wall time" };
        }
        catch (WorkspaceException e)
        {
            return new(e.Problem == FileProblem.Changed ? ToolStatus.Conflict : ToolStatus.Failed, e.Message);
        }
        catch (Exception e) when (e is not (IOException or OutOfMemoryException))
        {
            // A driver's bug must not end the run: the agent is told, and the text names the driver.
            return ToolResult.Failed($"The driver of {call.Tool} failed: {e.GetType().Name}: {e.Message}");
        }
    }

    // Nothing is frozen: a call that was cut off left no layer, and runs again from the one before it.
    private ToolCallFinished CutOff(TurnCall call, PartialOutput printed, TimeSpan elapsed)
    {
        var text = session.Services.Blobs.PutText("", printed.Text);
        return new(call.Id, ToolStatus.Cancelled, text.Body, text.Tokens, null, 0, ToolSignal.None, null, (long)elapsed.TotalMilliseconds);
    }

    private static ImmutableArray<NetworkAccess>? Asked(NetworkLine? line, ToolResult result) =>
        (line?.TakeLog() ?? []).AddRange(result.Network) is { IsEmpty: false } asked ? asked : null;

    private void Printed(PartialOutput printed, string text, CancellationToken cancellationToken)
    {
        // What comes after the stop is the sandbox complaining that it is being killed.
        if (!cancellationToken.IsCancellationRequested)
        {
            printed.Add(text);
            session.Observer.Output(session.Run, text);
        }
    }

    private static string Bounded(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) <= ToolResult.MaxTextBytes)
        {
            return text;
        }

        var half = (ToolResult.MaxTextBytes / 8) - 64;
        return $"{text[..half]}\n[… {text.Length - (2 * half)} characters left out …]\n{text[^half..]}";
    }
}
