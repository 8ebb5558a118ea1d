using System.Text;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Models;

namespace Cairn.Host;

/// <summary>What came of a guest's question.</summary>
/// <param name="Status">Ok when it was answered.</param>
/// <param name="Text">For people.</param>
/// <param name="Body">What the guest was sent, when it can be sent again.</param>
/// <param name="Spent">What it took of the run's budget.</param>
internal sealed record GuestAnswer(ToolStatus Status, string Text, ReadOnlyMemory<byte> Body, CallSpending? Spent);

/// <summary>Answers a guest's questions: from an earlier life's recording, or by the run's model within the run's budget and policy.</summary>
internal sealed class GuestAnswers(RunSession session, BudgetLedger ledger)
{
    /// <summary>The tools with which known guests run commands, and the argument that holds the command.</summary>
    private static readonly Dictionary<string, string> Shells = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Bash"] = "command", ["shell"] = "command", ["shell_command"] = "command", ["exec_command"] = "cmd",
    };

    private readonly NamedModel _choice = new(session.Services.Models);
    private GuestRecording? _recording;
    private WireBackend? _backend;

    /// <summary>Opens the run's model, and what the run knows of earlier lives.</summary>
    /// <exception cref="UserException">When the model cannot be opened.</exception>
    public async Task<ModelInfo> OpenAsync(CancellationToken cancellationToken)
    {
        _recording = new(session.State, session.Services.Blobs);
        var (backend, problem) = await _choice.ChooseAsync(new(session.State.Model!.Id, default, 0, ""), cancellationToken);
        _backend = backend ?? throw new UserException(problem!);
        return backend.Info;
    }

    /// <summary>The question as the journal keeps it.</summary>
    public string Write(GuestTurn turn, string key) => GuestQuestion.Write(turn.Call.Format, _backend!.Info.Id, turn.Call.Body, key);

    public async Task<GuestAnswer> AnswerAsync(GuestTurn turn, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, turn.Left);
        try
        {
            return _recording!.Take(GuestQuestion.Identity(turn.Call.Format, turn.Call.Body)) is { } recorded
                ? await RepeatAsync(turn, recorded, either.Token)
                : await AskAsync(turn, either.Token, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && !cancellationToken.IsCancellationRequested)
        {
            return new(ToolStatus.Failed, "The guest hung up before it had its answer.", default, null);
        }
    }

    private async Task<GuestAnswer> RepeatAsync(GuestTurn turn, BlobHash recorded, CancellationToken cancellationToken)
    {
        var body = session.Services.Blobs.Get(recorded);
        turn.Client.Start(200, turn.Call.Head.IsStream ? "text/event-stream" : "application/json", null);
        await turn.Client.WriteAsync(body, cancellationToken);
        return new(ToolStatus.Ok, "(the recorded answer to the same question of an earlier life)", body, null);
    }

    private async Task<GuestAnswer> AskAsync(GuestTurn turn, CancellationToken either, CancellationToken stopped)
    {
        var backend = _backend!;
        var (tokens, usd) = ModelGateway.Estimate(turn.Call, backend.Info);
        if (ledger.TryReserve(session.Run, tokens, usd) is { } refusal)
        {
            await RefuseAsync(turn, 403, $"The run's budget is spent: {refusal.Reason}.", either);
            return new(ToolStatus.Failed, $"Over budget: {refusal.Reason}", default, new(default, 0) { Refusal = refusal.Reason });
        }

        // With a policy nothing is passed on before it was looked at; without one every word is passed on as it comes.
        var held = session.State.Policy is null ? null : new HeldAnswer();
        WireOutcome? outcome = null;
        try
        {
            outcome = await new WireExchange(turn.Call, backend, held ?? turn.Client).RunAsync(either);
        }
        finally
        {
            ledger.Settle(session.Run, tokens, usd, outcome?.Usage.Total ?? 0, outcome?.CostUsd ?? 0);
        }

        stopped.ThrowIfCancellationRequested();
        var spent = new CallSpending(outcome.Usage, outcome.CostUsd);
        if (outcome.Response is { } answer && held is not null && Denial(answer) is { } denial)
        {
            await RefuseAsync(turn, 403, denial, either);
            return new(ToolStatus.Denied, denial, default, spent);
        }

        if (held is not null)
        {
            await held.ReleaseAsync(turn.Client, either);
        }

        return outcome.Response is { } whole
            ? new(ToolStatus.Ok, Summary(whole), outcome.Sent, spent)
            : new(ToolStatus.Failed, outcome.Error ?? $"The model answered with HTTP {outcome.Status}.", default, spent);
    }

    /// <summary>What the policy says to the commands that an answer makes the guest run; null when they are permitted.</summary>
    private string? Denial(ModelResponse answer)
    {
        foreach (var call in answer.ToolCalls)
        {
            if (Shells.TryGetValue(call.Name, out var argument) && CommandOf(call.Arguments, argument) is { Length: > 0 } line)
            {
                // As a tool of ours would need it.
                var arguments = new System.Text.Json.Nodes.JsonObject { ["command"] = line }.ToJsonString();
                var needs = Capabilities.Of("run_command", arguments, session.State.Spec.Repository).Where(n => n.Action == "proc.spawn");
                if (needs.Select(n => PolicyGate.Denial(session.State, n)).FirstOrDefault(why => why is not null) is { } denied)
                {
                    return denied;
                }
            }
        }

        return null;
    }

    private static string CommandOf(string arguments, string name)
    {
        try
        {
            using var json = System.Text.Json.JsonDocument.Parse(arguments);
            return json.RootElement.ValueKind != System.Text.Json.JsonValueKind.Object || !json.RootElement.TryGetProperty(name, out var command) ? ""
                : command.ValueKind == System.Text.Json.JsonValueKind.Array ? string.Join(' ', command.EnumerateArray().Select(e => e.ToString()))
                : command.ToString();
        }
        catch (System.Text.Json.JsonException)
        {
            return "";
        }
    }

    private static async Task RefuseAsync(GuestTurn turn, int status, string message, CancellationToken cancellationToken)
    {
        turn.Client.Start(status, "application/json", null);
        await turn.Client.WriteAsync(WireErrors.Body(turn.Call.Format, status, message), cancellationToken);
    }

    private static string Summary(ModelResponse answer)
    {
        var text = new StringBuilder(answer.Text);
        foreach (var call in answer.ToolCalls)
        {
            text.Append(text.Length > 0 ? "\n" : "").Append(call.Name).Append(' ').Append(call.Arguments);
        }

        return text.Length <= ToolResult.MaxTextBytes / 4 ? text.ToString() : text.ToString(0, ToolResult.MaxTextBytes / 4);
    }
}
