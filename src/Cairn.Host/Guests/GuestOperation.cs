using System.Globalization;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Models;
using Cairn.Sandbox.Egress;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>
/// Carries out a guest's two syscalls. The program runs through all of its steps as one process of the sandbox; a step ends where
/// it asks its model, and what it changed until then is frozen, so that every question stands on a layer of its own.
/// </summary>
internal sealed class GuestOperation(RunSession session, BudgetLedger ledger) : IAsyncDisposable
{
    private const int TextBytes = 8 * 1024;
    private readonly CancellationTokenSource _stop = new();
    private readonly GuestAnswers _answers = new(session, ledger);
    private GuestServer? _server;
    private Task<SandboxResult>? _running;
    private GuestTurn? _asked;
    private string? _failure;

    public async Task<RunEvent> RunAsync(RunTool command, CancellationToken cancellationToken)
    {
        var start = session.Services.Time.GetTimestamp();
        var call = command.Call;
        try
        {
            return call.Tool == GuestTools.Step
                ? await StepAsync(call, start, cancellationToken)
                : await AskAsync(call, start, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // A stopped run starts its guest again from its last layer: what the program did since is dropped with it.
            await EndAsync();
            return Finished(call, ToolStatus.Cancelled, "", start);
        }
        catch (Exception e) when (e is WorkspaceException or CairnException)
        {
            // What it did since its last layer went with it, so it is not gone on with either: the run says why and ends.
            _failure = e.Message;
            await EndAsync();
            return Finished(call, ToolStatus.Failed, e.Message, start);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _stop.Dispose();
    }

    private async Task<RunEvent> StepAsync(TurnCall call, long start, CancellationToken cancellationToken)
    {
        if (_failure is not null)
        {
            return Finished(call, ToolStatus.Failed, $"The guest was ended: {_failure}", start);
        }

        var workspace = await session.WorkspaceAsync();
        if (_running is null)
        {
            await StartAsync(workspace, cancellationToken);
        }

        var asking = _server!.Turns.WaitToReadAsync(cancellationToken).AsTask();
        await Task.WhenAny(_running!, asking);
        cancellationToken.ThrowIfCancellationRequested();
        if (!_running!.IsCompleted && await asking && _server.Turns.TryRead(out var turn))
        {
            _asked = turn;
            return Froze(call, workspace.FreezeLive(NextLayer()), start, _answers.Write(turn, _server.Key), null);
        }

        var result = await _running;
        var end = JsonSerializer.Serialize(new GuestEnd(result.ExitCode, result.ExitCode == 0 ? null : result.LimitHit), GatewayJson.Default.GuestEnd);
        var changes = workspace.Freeze(NextLayer());
        await EndAsync();
        return Froze(call, changes, start, end, result);
    }

    private async Task<RunEvent> AskAsync(TurnCall call, long start, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _asked, null) is not { } turn)
        {
            return Finished(call, ToolStatus.Failed, "The program that asked is gone; it is started again, and gets an answer when it asks again.", start);
        }

        try
        {
            var answer = await _answers.AnswerAsync(turn, cancellationToken);
            return Finished(call, answer.Status, answer.Text, start) with
            {
                Data = answer.Body.IsEmpty ? null : session.Services.Blobs.Put(answer.Body.Span),
                Spent = answer.Spent,
            };
        }
        finally
        {
            turn.Finish();
        }
    }

    private async Task StartAsync(IWorkspace workspace, CancellationToken cancellationToken)
    {
        var spec = session.State.Spec;
        var guest = spec.Guest!;
        var model = await _answers.OpenAsync(cancellationToken);
        _server = new GuestServer(model, session.Services.Time);
        await _server.StartAsync(spec.Repository, cancellationToken);
        var rules = SandboxRules.Of(session.State);
        var command = new SandboxCommand(GuestProfile.Command(guest, GatewayDoor.Address, model))
        {
            Environment = GuestProfile.Environment(guest, GatewayDoor.Address, _server.Key, model),
            Mounts = GuestPrograms.Mounts(guest.Command[0], spec.Repository),
            Network = session.Network is not null,
            Limits = GuestLimits.Of(spec.Limits),
            Profile = rules.Profile,
            NoExec = rules.NoExec,
            OnOutput = text => session.Observer.Output(session.Run, text),
        };
        command = _server.Door.Connect(command);
        _running = workspace.RunAsync(session.Network?.Connect(command, spec.Repository) ?? command, _stop.Token);
    }

    private async Task EndAsync()
    {
        if (_running is not null)
        {
            await _stop.CancelAsync();
            try
            {
                await _running;
            }
            catch (Exception e) when (e is OperationCanceledException or WorkspaceException)
            {
                // It was told to end.
            }
        }

        Interlocked.Exchange(ref _asked, null)?.Finish();
        if (_server is not null)
        {
            await _server.DisposeAsync();
            _server = null;
        }
    }

    // Events only count up, so the id was never used before, not even by an attempt that a crash cut off.
    private LayerId NextLayer() => LayerId.Parse(string.Create(CultureInfo.InvariantCulture, $"{session.Run}.{session.State.Count}"));

    private ToolCallFinished Froze(TurnCall call, LayerChanges? changes, long start, string data, SandboxResult? end)
    {
        var text = end is null ? "The guest asks its model." : string.Create(
            CultureInfo.InvariantCulture, $"The guest ended with exit code {end.ExitCode}{(end.LimitHit is null ? "" : $" (limit: {end.LimitHit})")}.\n{Tail(end.Output)}{Tail(end.Error)}");
        var notes = new CallNotes();
        if (end is not null)
        {
            notes.Add(end);
        }

        return Finished(call, ToolStatus.Ok, text, start) with
        {
            Effects = notes.Effects(changes?.SinceLast, end?.LimitHit),
            Layer = changes?.Layer,
            FilesChanged = changes?.SinceLast.Length ?? 0,
            LimitHit = end?.LimitHit,
            Data = session.Services.Blobs.PutText("", data).Body,
            Network = session.Network?.TakeLog() is { IsEmpty: false } asked ? asked : null,
        };
    }

    private ToolCallFinished Finished(TurnCall call, ToolStatus status, string text, long start)
    {
        var stored = session.Services.Blobs.PutText("", text);
        return new(call.Id, status, stored.Body, stored.Tokens, null, 0, ToolSignal.None, null, (long)session.Services.Time.GetElapsedTime(start).TotalMilliseconds);
    }

    private static string Tail(string text) => text.Length <= TextBytes ? text : "…" + text[^TextBytes..];
}
