using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>The calls that reach into the run's own context: bringing back what was left out, and keeping something in.</summary>
internal sealed class ContextOperation(RunSession session)
{
    private const int MaxLines = 2_000;
    private const int MaxChars = 96 * 1024;
    private const int MaxHits = 20;
    private const int MaxSearchedBytes = 32 * 1024 * 1024;

    public static bool Serves(string tool) => tool is KernelTools.Recall or KernelTools.Pin or KernelTools.FindTools;

    public Task<RunEvent> RunAsync(RunTool command)
    {
        var start = session.Services.Time.GetTimestamp();
        using var arguments = JsonDocument.Parse(session.Services.Blobs.Get(command.Call.Arguments));
        var result = command.Call.Tool == KernelTools.FindTools ? Find(arguments.RootElement)
            : session.State.Context is null ? ToolResult.Failed("This run has no prompts, and so no context.")
            : command.Call.Tool == KernelTools.Pin ? Pin(arguments.RootElement)
            : Recall(arguments.RootElement);
        var text = session.Count("", SafeText.ForModel(result.Text, ToolResult.MaxTextBytes));
        return Task.FromResult<RunEvent>(new ToolCallFinished(
            command.Call.Id, result.Status, text.Body, text.Tokens, null, 0, ToolSignal.None, null,
            (long)session.Services.Time.GetElapsedTime(start).TotalMilliseconds)
        {
            Context = new ReportMaker(session).Make(command.Call, result, text),
        });
    }

    private ToolResult Find(JsonElement arguments)
    {
        var allowed = session.State.Spec.Agent.Tools.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        return ToolResult.Ok(ToolSearch.Find(session.Tools.Tools.Select(t => t.Descriptor).Where(t => allowed.Contains(t.Name)), arguments.GetProperty("query").GetString()!));
    }

    private ToolResult Pin(JsonElement arguments)
    {
        var address = ContextAddress.Local(arguments.GetProperty("address").GetString()!);
        if (!arguments.GetProperty("pinned").GetBoolean())
        {
            return ToolResult.Ok($"{address} leaves when there is no room.") with { Context = new() { Unpin = address } };
        }

        address = Call(address) is { } call ? ContextAddress.Result(call.Id) : address;
        return IsPinnable(address)
            ? ToolResult.Ok($"{address} stays, in full or in short, until you unpin it.") with { Context = new() { Pin = address } }
            : Unknown(address);
    }

    private bool IsPinnable(string address) => address.StartsWith("file:", StringComparison.Ordinal)
        ? session.State.Context!.Files.ContainsKey(address["file:".Length..])
        : Call(address) is not null;

    private ToolResult Recall(JsonElement arguments)
    {
        var query = Text(arguments, "query");
        if (Text(arguments, "address") is not { Length: > 0 } named)
        {
            return query is null ? ToolResult.Failed("Give an address, or a query to search for.") : Search(query);
        }

        var address = ContextAddress.Local(named);
        if (address.StartsWith("file:", StringComparison.Ordinal))
        {
            return File(address, arguments);
        }

        if (Call(address) is { } call)
        {
            var text = session.Services.Blobs.GetText(call.Result);
            return Page(arguments, text, address) is var page && call.Report is { Files.IsDefaultOrEmpty: false } report && page.Text.Length >= text.Length
                ? page with { Context = page.Context! with { Files = [.. report.Files.Where(IsCurrent)] } }
                : page;
        }

        return Turn(address) is { } turn ? Page(arguments, Said(turn), address) : Unknown(address);
    }

    private ToolResult File(string address, JsonElement arguments)
    {
        var path = address["file:".Length..];
        if (!session.State.Context!.Files.TryGetValue(path, out var seen) || seen.Pages.IsEmpty)
        {
            return ToolResult.Failed($"No answer shows {path} as it is now: use read_file.");
        }

        var text = string.Join('\n', seen.Pages
            .Select(p => HistorySearch.Call(session.State.History, p.Call.Value) ?? session.State.Turn?.Calls.FirstOrDefault(c => c.Id == p.Call))
            .OfType<TurnCall>().Select(Shown));
        return Page(arguments, text, address);
    }

    /// <summary>What an answer shows of a file; one that brought it back says so in a line of its own before.</summary>
    private string Shown(TurnCall call)
    {
        var text = session.Services.Blobs.GetText(call.Result);
        return call.Tool == KernelTools.Recall ? text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..] : text;
    }

    /// <summary>Marks of versions that are still current: what is brought back shows them as well as the answer did.</summary>
    private bool IsCurrent(FileMark mark) =>
        !mark.Written && session.State.Context!.Files.TryGetValue(mark.Path, out var seen) && seen.Version == mark.Version;

    private TurnCall? Call(string address) => address.StartsWith("result:", StringComparison.Ordinal)
        ? HistorySearch.Call(session.State.History, address["result:".Length..])
        : null;

    private Turn? Turn(string address) => address.StartsWith("turn:", StringComparison.Ordinal)
        && int.TryParse(address.AsSpan("turn:".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            ? HistorySearch.Turn(session.State.History, step)
            : null;

    private string Said(Turn turn)
    {
        var response = JsonSerializer.Deserialize(session.Services.Blobs.Get(turn.Response), CairnJson.Default.ModelResponse)!;
        var text = new StringBuilder(response.Text);
        for (var i = 0; i < turn.Calls.Length; i++)
        {
            var arguments = i < response.ToolCalls.Length ? response.ToolCalls[i].Arguments : "";
            text.Append(CultureInfo.InvariantCulture, $"\n[{turn.Calls[i].Tool} {arguments}; its answer: {ContextAddress.Result(turn.Calls[i].Id)}]");
        }

        return text.ToString();
    }

    /// <summary>Looks through all answers of the run, the newest first.</summary>
    private ToolResult Search(string query)
    {
        var hits = new List<string>();
        var read = 0L;
        for (var i = session.State.History.Count - 1; i >= 0 && hits.Count < MaxHits && read < MaxSearchedBytes; i--)
        {
            foreach (var call in session.State.History[i].Turn?.Calls ?? [])
            {
                if (call.Result.IsNone || call.Tool == KernelTools.Recall)
                {
                    continue;
                }

                var text = session.Services.Blobs.GetText(call.Result);
                read += text.Length;
                var lines = text.Split('\n');
                var at = Array.FindIndex(lines, l => l.Contains(query, StringComparison.OrdinalIgnoreCase));
                if (at >= 0 && hits.Count < MaxHits)
                {
                    hits.Add(string.Create(CultureInfo.InvariantCulture,
                        $"{ContextAddress.Result(call.Id)} ({call.Tool}), line {at + 1} of {lines.Length}: {SafeText.Line(lines[at].Trim(), 160)}"));
                }
            }
        }

        return ToolResult.Ok(hits.Count == 0 ? $"No answer of this run holds {SafeText.Line(query, 200)}." : string.Join('\n', hits));
    }

    private static ToolResult Page(JsonElement arguments, string text, string address)
    {
        var lines = text.Split('\n');
        var from = Math.Clamp(Number(arguments, "start_line") ?? 1, 1, lines.Length);
        var to = from - 1;
        var shown = new StringBuilder();
        for (; to < lines.Length && to < (Number(arguments, "end_line") ?? int.MaxValue) && to - from < MaxLines && shown.Length < MaxChars; to++)
        {
            shown.Append(to < from ? "" : "\n").Append(lines[to]);
        }

        var head = from == 1 && to == lines.Length
            ? $"{address}, brought back:"
            : string.Create(CultureInfo.InvariantCulture, $"{address}, brought back, lines {from}-{to} of {lines.Length}:");
        return ToolResult.Ok($"{head}\n{shown}") with { Context = new() { Recalled = address } };
    }

    private static ToolResult Unknown(string address) => ToolResult.Failed(
        $"There is nothing at {SafeText.Line(address, 200)}. Addresses are result:ID and turn:STEP as the prompt shows them, and file:PATH; a query searches all answers.");

    private static string? Text(JsonElement arguments, string name) =>
        arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Number(JsonElement arguments, string name) =>
        arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;
}
