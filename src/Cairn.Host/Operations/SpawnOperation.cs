using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// Runs below a run. A child's id follows from its parent and the call, so a call that is issued again after a crash
/// finds its children and goes on with them: no child is ever started twice.
/// </summary>
internal sealed class SpawnOperation(RunSession session, RunControl control)
{
    private const string IdAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    public static RunId ChildId(RunId parent, CallId call, int index)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{parent}/{call}/{index}"));
        return RunId.Parse("r" + string.Concat(hash.Take(13).Select(b => IdAlphabet[b & 31])));
    }

    public async Task<RunEvent> RunAsync(RunTool command, CancellationToken cancellationToken)
    {
        var services = session.Services;
        var start = services.Time.GetTimestamp();
        var request = JsonSerializer.Deserialize(services.Blobs.Get(command.Call.Arguments), CairnJson.Default.SpawnRequest)!;
        var children = await Task.WhenAll(request.Children.Select((child, i) => DriveAsync(command, child, i, cancellationToken)));
        var adopted = request.Adopt && children is [{ Outcome: RunOutcome.Succeeded }] && children[0].Layer != command.Layer
            ? children[0].Layer
            : null;
        var data = JsonSerializer.Serialize([.. children.Select(c => c.Result)], CairnJson.Default.ImmutableArrayChildResult);
        var text = services.Blobs.PutText("", string.Join('\n', children.Select(c => $"{c.Result.Run}: {c.Result.Outcome} {c.Result.Reason}")));
        return new ToolCallFinished(
            command.Call.Id,
            ToolStatus.Ok,
            text.Body,
            text.Tokens,
            adopted,
            adopted is null ? 0 : services.Layers.NetChanges(adopted, command.Layer).Length,
            ToolSignal.None,
            null,
            (long)services.Time.GetElapsedTime(start).TotalMilliseconds)
        {
            Data = services.Blobs.PutText("", data).Body,
        };
    }

    private async Task<Child> DriveAsync(RunTool command, ChildRequest child, int index, CancellationToken cancellationToken)
    {
        var id = ChildId(session.Run, command.Call.Id, index);
        if (session.Services.Journal.Read(id).Count == 0)
        {
            var spec = session.State.Spec;
            var request = new RunRequest
            {
                Task = child.Task,
                Repository = spec.Repository,
                Model = child.Model ?? session.State.Model?.Id,
                Merge = MergeMode.Never,
                Judge = child.Judge is null ? null : new(child.Judge),
                Policy = spec.Policy,
                Devices = spec.Devices,
                Limits = new RunLimits { Tokens = child.Tokens, Usd = child.Usd, Steps = child.Steps ?? new RunLimits().Steps },
            };
            await control.StartChildAsync(request, id, session.Run, command.Layer, cancellationToken);
        }

        // Those below stop as the run itself does; a limit of the run is their end too.
        using var stop = new RunStop();
        await using var follow = cancellationToken.Register(
            () => stop.Request(session.Stop?.Kind ?? StopKind.Cancel, $"run {session.Run} was stopped"));
        var state = await control.DriveAsync(id, null, session.Observer, stop);
        cancellationToken.ThrowIfCancellationRequested();
        var outcome = state.Outcome ?? RunOutcome.Cancelled;
        return new(new(id, outcome, state.Reason, state.Spending.Usage, state.Spending.Usd), outcome, state.Layer);
    }

    private sealed record Child(ChildResult Result, RunOutcome Outcome, LayerId? Layer);
}
