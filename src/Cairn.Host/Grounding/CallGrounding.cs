using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Memory.Grounding;

namespace Cairn.Host;

/// <summary>
/// Checks the names in a model agent's calls before they take effect, and in the files that they leave. It waits for the model
/// of the code no longer than <see cref="RunModel.MaxWait"/>; what could not be checked is written down as that.
/// </summary>
internal sealed class CallGrounding(RunSession session)
{
    /// <summary>A check that takes longer is given up.</summary>
    private static readonly TimeSpan MaxCheck = TimeSpan.FromSeconds(3);

    /// <summary>Begins to build the model of the code while the run's own model is asked.</summary>
    public void Begin() => _ = Mode == GroundingMode.Off ? null : session.Model;

    private GroundingMode Mode => session.State.Spec is { Agent.Kind: AgentKind.Model, Grounding: var mode } ? mode ?? GroundingMode.Warn : GroundingMode.Off;

    /// <summary>What is wrong with a call before it runs; null when nothing is, or nobody looks.</summary>
    public async Task<GroundingReport?> BeforeAsync(TurnCall call, LayerId? layer, CancellationToken cancellationToken)
    {
        if (Mode == GroundingMode.Off || call.Tool is not ("write_file" or "edit_file" or "run_command") || session.Model is not { } model)
        {
            return null;
        }

        using var arguments = JsonDocument.Parse(session.Services.Blobs.Get(call.Arguments));
        var root = arguments.RootElement.Clone();
        var (findings, why) = await CheckAsync(model, layer, view => Findings(call.Tool, root, view), cancellationToken);
        var blocks = Mode == GroundingMode.Block && findings.Any(finding => finding.Certain);

        // What a write left is checked after it; before it only what must stop it counts.
        findings = call.Tool == "run_command" || blocks ? findings : [];
        return findings.IsEmpty && why is null ? null : new(findings) { Before = layer, Blocked = blocks, Unchecked = why };
    }

    /// <summary>Likewise with what is new in the files that it left.</summary>
    public async Task<GroundingReport?> AfterAsync(GroundingReport? before, LayerId? layer, LayerChanges? changes, CancellationToken cancellationToken)
    {
        if (Mode == GroundingMode.Off || changes is null || session.Model is not { } model)
        {
            return before;
        }

        var paths = changes.Changes.Where(change => change.Kind == EntryKind.File).Select(change => change.Path).ToList();
        var (old, why) = await model.AtAsync(layer, cancellationToken);
        await using var from = old;
        var found = ImmutableArray<GroundingFinding>.Empty;
        if (old is not null)
        {
            (found, why) = await CheckAsync(model, changes.Layer, view => GroundingGate.Change(paths, old, view), cancellationToken);
        }

        var findings = (before?.Findings ?? []).AddRange(found);
        why ??= before?.Unchecked;
        return findings.IsEmpty && why is null ? null : new([.. findings.Take(GroundingReport.MaxFindings)]) { Before = layer, After = changes.Layer, Unchecked = why };
    }

    /// <summary>The answer with what was found behind it.</summary>
    public static ToolResult Told(ToolResult result, GroundingReport? names) => names is not { Findings.IsEmpty: false } ? result
        : result with { Text = $"{result.Text}\n\n[grounding: names that stand for nothing here]\n{GroundingGate.Describe(names.Findings)}" };

    /// <summary>The answer in place of one.</summary>
    public static ToolResult Refused(GroundingReport names) => new(
        ToolStatus.Invalid, $"Not carried out: it names what does not exist, and could only fail or do harm.\n{GroundingGate.Describe(names.Findings)}");

    private static ImmutableArray<GroundingFinding> Findings(string tool, JsonElement arguments, ModelView view)
    {
        if (tool == "run_command")
        {
            return GroundingGate.Command(Text(arguments, "command") ?? "", Text(arguments, "directory") ?? "", view);
        }

        var path = Capabilities.Of(tool, arguments.GetRawText(), view.Root)[^1].Name;
        var text = tool == "write_file" ? Text(arguments, "content") : Edited(view.Text(path), arguments);
        return text is null ? [] : GroundingGate.Change([path], view, new ChangedView(view, new Dictionary<string, string?> { [path] = text }));
    }

    /// <summary>The text with the edits in it; null when it cannot be told before the tool does it.</summary>
    private static string? Edited(string? text, JsonElement arguments)
    {
        foreach (var edit in arguments.GetProperty("edits").EnumerateArray())
        {
            var old = Text(edit, "old");
            var at = string.IsNullOrEmpty(old) ? -1 : text?.IndexOf(old, StringComparison.Ordinal) ?? -1;
            if (at < 0)
            {
                return null;
            }

            var put = Text(edit, "new") ?? "";
            text = edit.TryGetProperty("replace_all", out var all) && all.ValueKind == JsonValueKind.True
                ? text!.Replace(old!, put, StringComparison.Ordinal)
                : $"{text![..at]}{put}{text[(at + old!.Length)..]}";
        }

        return text;
    }

    private async Task<(ImmutableArray<GroundingFinding> Findings, string? Why)> CheckAsync(
        RunModel model, LayerId? layer, Func<ModelView, ImmutableArray<GroundingFinding>> check, CancellationToken cancellationToken)
    {
        var (view, why) = await model.AtAsync(layer, cancellationToken);
        if (view is null)
        {
            return ([], why);
        }

        var checking = Task.Run(() => check(view), CancellationToken.None);

        // The view is closed when the check is over, also when nobody waits for it any more.
        _ = checking.ContinueWith(_ => view.DisposeAsync().AsTask(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            return (await checking.WaitAsync(MaxCheck, session.Services.Time, cancellationToken), null);
        }
        catch (TimeoutException)
        {
            return ([], $"The check took longer than {MaxCheck.TotalSeconds:0} s.");
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            // A mistake of the check must not end the run.
            return ([], $"The check failed: {SafeText.Line(e.Message, 300)}");
        }
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
