using System.Collections.Immutable;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// A file of responses, YAML or JSON: a list of entries, or a mapping with `responses` and optionally `description` and
/// `context_tokens`. Every key is known or refused, so that a misspelt one is not silently without effect.
/// </summary>
internal sealed record RecordedFile(ImmutableArray<RecordedAnswer> Answers, int ContextTokens)
{
    /// <summary>The most bytes of a file.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const int DefaultContext = 200_000;
    private const int MaxDelayMilliseconds = 10_000;

    private static readonly JsonSerializerOptions Arguments = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a file.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="faultsAllowed">True for scripted files; a recording holds only what a model said.</param>
    /// <exception cref="FormatException">The text says which entry and what is wrong.</exception>
    public static RecordedFile Parse(string text, bool faultsAllowed)
    {
        var root = text.TrimStart().StartsWith('{') || text.TrimStart().StartsWith('[') ? Json(text) : YamlTree.Parse(text);
        var context = DefaultContext;
        if (root is JsonObject file)
        {
            Known(file, "the file", "description", "context_tokens", "responses");
            context = Int(file, "context_tokens", "the file", DefaultContext);
            root = file["responses"];
        }

        return root is JsonArray entries
            ? new([.. entries.Select((entry, i) => Answer(entry, i + 1, faultsAllowed))], context)
            : throw new FormatException("a list of entries is expected, at the top or under `responses`");
    }

    private static RecordedAnswer Answer(JsonNode? node, int number, bool faultsAllowed)
    {
        var where = $"entry {number}";
        var entry = node as JsonObject ?? throw new FormatException($"{where} is not a mapping");
        Known(entry, where, "text", "tool_calls", "usage", "expect", "stream_delay_ms", "finish", "error", "times", "retry_after_s");
        var fault = Fault(entry, where);
        if (fault is not null && !faultsAllowed)
        {
            throw new FormatException($"{where} plays an error, which only scripted: files may");
        }

        var calls = List(entry, "tool_calls", where).Select((call, i) => Call(call, number, i + 1)).ToImmutableArray();
        if (entry["text"] is null && calls.IsEmpty && fault is null)
        {
            throw new FormatException($"{where} has neither text nor tool_calls");
        }

        return new RecordedAnswer
        {
            Text = Text(entry, "text", where) ?? "",
            ToolCalls = calls,
            Finish = Finish(entry, where, calls),
            Usage = Usage(entry, where),
            Expect = [.. List(entry, "expect", where).Select(e => e?.ToString() ?? "")],
            StreamDelay = TimeSpan.FromMilliseconds(Math.Clamp(Int(entry, "stream_delay_ms", where, 0), 0, MaxDelayMilliseconds)),
            // An error without an answer never ends.
            Fault = fault is not null && entry["text"] is null && calls.IsEmpty ? fault with { Times = int.MaxValue } : fault,
        };
    }

    private static ModelToolCall Call(JsonNode? node, int entry, int position)
    {
        var where = $"entry {entry}, tool call {position}";
        var call = node as JsonObject ?? throw new FormatException($"{where} is not a mapping");
        Known(call, where, "id", "name", "arguments");
        var name = Text(call, "name", where) ?? throw new FormatException($"{where} has no name");
        var arguments = call["arguments"] switch
        {
            null => "{}",
            JsonValue raw when raw.GetValueKind() == JsonValueKind.String => raw.GetValue<string>(),
            var tree => tree.ToJsonString(Arguments),
        };
        return new(Text(call, "id", where) ?? $"call_{entry}_{position}", name, arguments);
    }

    private static FinishReason Finish(JsonObject entry, string where, ImmutableArray<ModelToolCall> calls) => Text(entry, "finish", where) switch
    {
        null => calls.IsEmpty ? FinishReason.Stop : FinishReason.ToolCalls,
        "stop" => FinishReason.Stop,
        "tool_calls" => FinishReason.ToolCalls,
        "length" => FinishReason.Length,
        "refused" => FinishReason.Refused,
        var other => throw new FormatException($"{where}: finish is stop, tool_calls, length or refused, not '{other}'"),
    };

    private static ModelUsage? Usage(JsonObject entry, string where)
    {
        if (entry["usage"] is not { } node)
        {
            return null;
        }

        var usage = node as JsonObject ?? throw new FormatException($"{where}: usage is not a mapping");
        Known(usage, where, "input", "output", "cached");
        return new(Int(usage, "input", where, 0), Int(usage, "output", where, 0), Int(usage, "cached", where, 0));
    }

    private static RecordedFault? Fault(JsonObject entry, string where)
    {
        if (Text(entry, "error", where) is not { } name)
        {
            return null;
        }

        if (!Enum.TryParse<ModelErrorKind>(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var kind) || int.TryParse(name, out _))
        {
            throw new FormatException($"{where}: no error is called '{name}'");
        }

        var wait = Int(entry, "retry_after_s", where, -1);
        return new(kind, Int(entry, "times", where, 1), wait < 0 ? null : TimeSpan.FromSeconds(wait));
    }

    private static JsonNode? Json(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw new FormatException($"this is no JSON: {e.Message}", e);
        }
    }

    private static void Known(JsonObject mapping, string where, params ReadOnlySpan<string> keys)
    {
        foreach (var (key, _) in mapping)
        {
            if (!keys.Contains(key))
            {
                throw new FormatException($"{where} has an unknown key '{key}'; known are {string.Join(", ", keys.ToArray())}");
            }
        }
    }

    private static string? Text(JsonObject mapping, string key, string where) => mapping[key] switch
    {
        null => null,
        JsonValue value => value.ToString(),
        _ => throw new FormatException($"{where}: {key} is not a text"),
    };

    private static JsonArray List(JsonObject mapping, string key, string where) => mapping[key] switch
    {
        null => [],
        JsonArray list => list,
        _ => throw new FormatException($"{where}: {key} is not a list"),
    };

    private static int Int(JsonObject mapping, string key, string where, int absent) => mapping[key] switch
    {
        null => absent,
        JsonValue value when int.TryParse(value.ToString(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw new FormatException($"{where}: {key} is not a whole number"),
    };
}
