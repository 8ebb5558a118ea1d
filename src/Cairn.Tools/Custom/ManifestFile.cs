using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cairn.Abstractions;
using Cairn.Tools.Calls;

namespace Cairn.Tools.Custom;

/// <summary>A manifest that cannot be used; the text names the file and the mend.</summary>
public sealed class ManifestException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Reads the JSON manifest of a tool that is an executable.</summary>
public static partial class ManifestFile
{
    /// <summary>The largest manifest.</summary>
    public const int MaxBytes = 128 * 1024;

    /// <summary>Where the command sees the manifest's directory.</summary>
    public const string InsideDirectory = "/run/tool";

    private const int MaxDescription = 4096;
    private const int MaxArguments = 64;
    private const int MaxSeconds = 1800;
    private const int DefaultSeconds = 120;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 40, AllowDuplicateProperties = false, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private static readonly string[] Keys = ["name", "description", "schema", "effect", "command", "timeout_seconds", "network", "cost_usd"];

    /// <summary>Reads a manifest.</summary>
    /// <param name="text">Its JSON.</param>
    /// <param name="source">Its path, for people and for the run's record.</param>
    /// <param name="directory">What `{dir}` in its command means: a directory of the user's, seen at <see cref="InsideDirectory"/>; null for one within the workspace.</param>
    /// <param name="workspaceDirectory">What `{dir}` means when <paramref name="directory"/> is null.</param>
    /// <exception cref="ManifestException">When it is no manifest.</exception>
    public static ToolManifest Parse(string text, string source, string? directory, string workspaceDirectory)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            return Read(JsonNode.Parse(text, null, Strict), source, directory, workspaceDirectory);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new ManifestException($"{source}: this is not a manifest: {e.Message} A manifest is a JSON object with {string.Join(", ", Keys)}.", e);
        }
    }

    private static ToolManifest Read(JsonNode? node, string source, string? directory, string workspaceDirectory)
    {
        var root = node as JsonObject ?? throw Wrong(source, "it is no JSON object");
        if (root.Select(p => p.Key).FirstOrDefault(k => !Keys.Contains(k)) is { } unknown)
        {
            throw Wrong(source, $"unknown key '{SafeText.Line(unknown, 40)}'; known are {string.Join(", ", Keys)}");
        }

        var name = Text(root, "name", source);
        if (!Name().IsMatch(name))
        {
            throw Wrong(source, "the name must be 1 to 48 of a-z, 0-9 and _, and begin with a letter, without __");
        }

        var description = Text(root, "description", source);
        if (description.Length is 0 or > MaxDescription)
        {
            throw Wrong(source, $"the description must have 1 to {MaxDescription} characters");
        }

        var schema = root["schema"];
        if (SchemaGuard.Problem(schema) is { } problem)
        {
            throw Wrong(source, problem);
        }

        if (schema!["additionalProperties"] is not JsonValue closed || !closed.TryGetValue<bool>(out var open) || open)
        {
            throw Wrong(source, "the schema must say \"additionalProperties\": false, so that a wrong argument is found before the tool runs");
        }

        if (directory is null)
        {
            SchemaGuard.Harmless(schema);
        }

        var command = Command(root, source);
        var mounted = directory is not null && command.Any(c => c.Contains("{dir}", StringComparison.Ordinal));
        return new ToolManifest(
            name,
            SafeText.ForModel(description, MaxDescription * 4),
            schema.ToJsonString(),
            Effect(root, source),
            [.. command.Select(c => c.Replace("{dir}", directory is null ? workspaceDirectory : InsideDirectory, StringComparison.Ordinal))],
            Seconds(root, source),
            source)
        {
            Directory = mounted ? directory : null,
            Network = root["network"]?.GetValue<bool>() ?? false,
            CostUsd = root["cost_usd"]?.GetValue<decimal>() is { } cost ? cost >= 0 ? cost : throw Wrong(source, "cost_usd must not be negative") : 0,
        };
    }

    private static ImmutableArray<string> Command(JsonObject root, string source)
    {
        var command = (root["command"] as JsonArray ?? throw Wrong(source, "command must be a list of program and arguments"))
            .Select(c => c?.GetValue<string>() ?? "").ToImmutableArray();
        return command.Length is > 0 and <= MaxArguments && command[0].Length > 0 && !command.Any(c => c.Contains('\0', StringComparison.Ordinal))
            ? command
            : throw Wrong(source, $"command must have 1 to {MaxArguments} parts without NUL");
    }

    private static EffectClass Effect(JsonObject root, string source) => Text(root, "effect", source) switch
    {
        "pure" => EffectClass.Pure,
        "sandboxed" => EffectClass.Sandboxed,
        "external_keyed" => EffectClass.ExternalKeyed,
        "external" => EffectClass.ExternalUnkeyed,
        _ => throw Wrong(source, "effect must be pure (reads only), sandboxed (changes files of the workspace), external_keyed (leaves the sandbox, and CAIRN_IDEMPOTENCY_KEY makes a second call harmless) or external"),
    };

    private static int Seconds(JsonObject root, string source) => root["timeout_seconds"]?.GetValue<int>() switch
    {
        null => DefaultSeconds,
        { } seconds when seconds is >= 1 and <= MaxSeconds => seconds,
        _ => throw Wrong(source, $"timeout_seconds must be 1 to {MaxSeconds}"),
    };

    private static string Text(JsonObject root, string key, string source) =>
        root[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text.Trim() : throw Wrong(source, $"{key} is missing, or is no text");

    private static ManifestException Wrong(string source, string what) => new($"{source}: {what}.");

    // One __ separates an MCP server from its tool.
    [GeneratedRegex("^(?!.*__)[a-z][a-z0-9_]{0,47}$")]
    private static partial Regex Name();
}
