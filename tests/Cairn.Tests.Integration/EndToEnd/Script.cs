using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Writes what a scripted model answers.</summary>
internal static class Script
{
    public static JsonObject Turn(string text, params JsonObject[] calls) =>
        new() { ["text"] = text, ["tool_calls"] = new JsonArray([.. calls]) };

    public static JsonObject Failing(string error, int times, JsonObject turn)
    {
        turn["error"] = error;
        turn["times"] = times;
        return turn;
    }

    public static JsonObject Expecting(JsonObject turn, params string[] texts)
    {
        turn["expect"] = new JsonArray([.. texts.Select(t => JsonValue.Create(t))]);
        return turn;
    }

    public static JsonObject Call(string tool, object arguments) =>
        new() { ["name"] = tool, ["arguments"] = JsonSerializer.SerializeToNode(arguments) };

    public static JsonObject Shell(string command, int seconds = 60) =>
        Call("run_command", new { command, directory = (string?)null, timeout_seconds = seconds });

    public static JsonObject Write(string path, string content, string? version = null) => Call("write_file", new { path, content, version });

    public static JsonObject Read(string path) => Call("read_file", new { path, start_line = (int?)null, end_line = (int?)null });

    public static JsonObject Search(string pattern) =>
        Call("search", new { pattern, path = (string?)null, glob = (string?)null, @case = (string?)null, context_lines = (int?)null, max_results = (int?)null });

    public static JsonObject Edit(string path, string content, string old, string @new) =>
        Call("edit_file", new { path, version = BlobHash.OfText(content).Short, edits = new[] { new { old, @new, replace_all = false } } });

    public static JsonObject Complete(string summary = "done", string outcome = "done") => Call("complete", new { summary, outcome });

    public static string Text(params JsonObject[] turns) => new JsonObject { ["responses"] = new JsonArray([.. turns]) }.ToJsonString();
}
