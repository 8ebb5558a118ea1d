using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// A run's history as steps that can be compared: what chance decides (times, the order in which calls end, a crash and
/// its recovery, checkpoints) is left out.
/// </summary>
internal sealed class RunStory
{
    private readonly IBlobStore _blobs;
    private readonly List<StoryStep> _steps = [new(0)];
    private RunState _state = RunState.New;

    private RunStory(IBlobStore blobs) => _blobs = blobs;

    private StoryStep Now => _steps[^1];

    /// <summary>The steps as they were taken; the first is the start.</summary>
    public static IReadOnlyList<StoryStep> Of(IReadOnlyList<RunEvent> events, IBlobStore blobs)
    {
        var story = new RunStory(blobs);
        for (var i = 0; i < events.Count; i++)
        {
            story.Take(events[i], i);
            story._state = Kernel.Kernel.Apply(story._state, events[i]);
        }

        return story._steps;
    }

    private void Take(RunEvent e, long at)
    {
        switch (e)
        {
            case RunStarted x:
                Start(x, at);
                break;
            case ModelCallStarted x:
                Asked(x, at);
                break;
            case ModelCallFinished x:
                Answered(x, at);
                break;
            case AgentCalled x:
                AgentCalled(x, at);
                break;
            case ToolCallDenied x:
                Now.Finish(Index(x.Call), ToolStatus.Denied, 0, at, _blobs.GetText(x.Result));
                break;
            case ToolCallFinished x:
                Now.Finish(Index(x.Call), x.Status, x.FilesChanged, at, _blobs.GetText(x.Result));
                break;
            case AgentFinished x:
                Now.Follow("finish", at, $"{(x.Success ? "done" : "not done")}: {x.Summary}");
                break;
            case DecisionMade x:
                Now.Follow("decision", at, $"{(x.Approved ? "yes" : "no")}: {_blobs.GetText(x.Answer)}");
                break;
            case JudgeFinished x:
                Now.Verdict = x.Passed;
                Now.Follow("verdict", at, x.Passed ? "accepted" : "not accepted");
                break;
            case RunRolledBack x:
                Now.Follow("rollback", at, x.To.Value);
                break;
            case MergeFinished x:
                Now.Follow("merge", at, string.Create(CultureInfo.InvariantCulture, $"{x.Status}, {x.Files} files"));
                break;
            case ConflictsResolved x:
                Now.Follow("conflicts", at, string.Join(", ", x.Paths));
                break;
            case RunEnded x:
                Now.Follow("outcome", at, x.Reason.Length == 0 ? EventText.Words(x.Outcome.ToString()) : $"{EventText.Words(x.Outcome.ToString())}: {x.Reason}");
                break;
        }
    }

    private int Index(CallId id) => _state.Turn!.Calls.Select((call, i) => (call, i)).First(c => c.call.Id == id).i;

    private void Start(RunStarted x, long at)
    {
        Now.Ask("task", at, _blobs.GetText(x.Task.Body));
        Now.Ask("agent", at, $"{x.Agent.Name}, prompt {x.Agent.Prompt?.Body.Short}, tools {x.Agent.ToolDefinitions.Short}: {string.Join(", ", x.Agent.Tools.Select(t => t.Name))}");
        Now.Ask("rules", at, string.Join('\n', x.Rules.Select(r => $"{r.Source} {r.Body}")));
        Now.Ask("policy", at, x.Policy is null ? "none" : $"{x.Policy.Name} {x.Policy.Hash}");
        Now.Ask("limits", at, x.Limits.ToString());
        Now.Ask("judge", at, $"{x.Judge?.Command ?? "none"}, merge {x.Merge}");
    }

    private void Asked(ModelCallStarted x, long at)
    {
        // A step that is taken up again after a crash is still the same step; after a rollback it is another one.
        if (x.Step != Now.Number || Now.Facts.Any(f => f.What is "answer" or "rollback"))
        {
            _steps.Add(new(x.Step));
        }

        Now.Model = x.Model;
        Now.Attempts++;
        Now.Ask("model", at, x.Model);
        Now.Ask("prompt", at, x.Prompt.Value);
    }

    private void Answered(ModelCallFinished x, long at)
    {
        var response = JsonSerializer.Deserialize(_blobs.Get(x.Response), CairnJson.Default.ModelResponse)!;
        (Now.Usage, Now.Usd) = (x.Usage, x.CostUsd);
        Now.Ask("answer", at, response.Text);
        Now.Ask("finish", at, x.Finish.ToString());
        Now.Ask("tool calls", at, string.Join(", ", x.Calls.Select(c => c.Tool)));
        for (var i = 0; i < x.Calls.Length; i++)
        {
            var call = x.Calls[i];
            Now.AddCall(call.Tool, new("arguments", at, Canonical(_blobs.GetText(call.Arguments))));
            if (!call.Problem.IsNone)
            {
                Now.Finish(i, ToolStatus.Invalid, 0, at, _blobs.GetText(call.Problem));
            }
        }
    }

    private void AgentCalled(AgentCalled x, long at)
    {
        _steps.Add(new(_state.Step + 1));
        Now.Ask("tool calls", at, x.Tool);
        Now.AddCall(x.Tool, new("arguments", at, Canonical(_blobs.GetText(x.Arguments))));
        if (!x.Problem.IsNone)
        {
            Now.Finish(0, ToolStatus.Invalid, 0, at, _blobs.GetText(x.Problem));
        }
    }

    /// <summary>Arguments as one text per JSON value: white space and the order of names mean nothing.</summary>
    private static string Canonical(string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments);
            using var buffer = new MemoryStream();
            using (var writer = new Utf8JsonWriter(buffer, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                Write(document.RootElement, writer);
            }

            return Encoding.UTF8.GetString(buffer.ToArray());
        }
        catch (JsonException)
        {
            return arguments;
        }
    }

    private static void Write(JsonElement value, Utf8JsonWriter writer)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            writer.WriteStartObject();
            foreach (var property in value.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                writer.WritePropertyName(property.Name);
                Write(property.Value, writer);
            }

            writer.WriteEndObject();
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            writer.WriteStartArray();
            foreach (var item in value.EnumerateArray())
            {
                Write(item, writer);
            }

            writer.WriteEndArray();
        }
        else
        {
            value.WriteTo(writer);
        }
    }
}
