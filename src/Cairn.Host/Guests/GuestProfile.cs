using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>How a program is told where its model is. All of it exists in the sandbox only, and only for one life of the guest.</summary>
internal static class GuestProfile
{
    public const string Codex = "codex";
    public const string OpenCode = "opencode";
    public const string Claude = "claude";
    public const string Generic = "generic";

    /// <summary>The profile of a program, by its file's name.</summary>
    public static string Of(string program) => Path.GetFileNameWithoutExtension(program) switch
    {
        "codex" => Codex,
        "opencode" => OpenCode,
        "claude" => Claude,
        _ => Generic,
    };

    /// <summary>The command as it is started: what the user gave, and what the profile puts behind the program.</summary>
    public static ImmutableArray<string> Command(GuestSpec guest, string address, ModelInfo model) => guest.Profile != Codex ? guest.Command :
    [
        guest.Command[0],
        // It treats models by their names; of one that it does not know it asks nothing special.
        "-c", $"model=\"{(model.Provider == "openai" ? model.Name : "cairn")}\"",
        "-c", "model_provider=\"cairn\"",
        "-c", "model_providers.cairn.name=\"Cairn\"",
        "-c", $"model_providers.cairn.base_url=\"{address}/v1\"",
        "-c", "model_providers.cairn.env_key=\"CAIRN_GATEWAY_KEY\"",
        "-c", "model_providers.cairn.wire_api=\"responses\"",
        // The sandbox is ours; a second one within would only fail.
        "-c", "sandbox_mode=\"danger-full-access\"",
        "-c", "approval_policy=\"never\"",
        "-c", "analytics.enabled=false",
        "-c", "check_for_update_on_startup=false",
        .. guest.Command[1..],
    ];

    /// <summary>The variables that the program sees beside the sandbox's own.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="address">The gateway's address inside.</param>
    /// <param name="key">The run's key.</param>
    /// <param name="model">The run's model.</param>
    public static ImmutableDictionary<string, string> Environment(GuestSpec guest, string address, string key, ModelInfo model)
    {
        var variables = new Dictionary<string, string>
        {
            ["CAIRN_GATEWAY_URL"] = address,
            ["CAIRN_GATEWAY_KEY"] = key,
            ["OPENAI_BASE_URL"] = address + "/v1",
            ["OPENAI_API_BASE"] = address + "/v1",
            ["OPENAI_API_KEY"] = key,
            ["ANTHROPIC_BASE_URL"] = address,
            ["ANTHROPIC_API_KEY"] = key,
            ["CI"] = "1",
        };
        switch (guest.Profile)
        {
            case Claude:
                variables["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1";
                variables["DISABLE_AUTOUPDATER"] = "1";
                variables["DISABLE_TELEMETRY"] = "1";
                variables["DISABLE_ERROR_REPORTING"] = "1";
                variables["IS_SANDBOX"] = "1"; // So that it works without asking, also as root: it is in a sandbox.
                break;
            case OpenCode:
                variables["OPENCODE_CONFIG_CONTENT"] = OpenCodeConfiguration(address, key, model);
                variables["OPENCODE_DISABLE_AUTOUPDATE"] = "1";
                variables["OPENCODE_DISABLE_MODELS_FETCH"] = "1";
                variables["OPENCODE_DISABLE_LSP_DOWNLOAD"] = "1";
                variables["OPENCODE_DISABLE_DEFAULT_PLUGINS"] = "1";
                break;
        }

        return variables.ToImmutableDictionary(StringComparer.Ordinal);
    }

    private static string OpenCodeConfiguration(string address, string key, ModelInfo model)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("model", "cairn/model");
            json.WriteString("small_model", "cairn/model");
            json.WriteString("share", "disabled");
            json.WriteBoolean("autoupdate", false);
            json.WriteStartObject("permission");
            json.WriteString("edit", "allow");
            json.WriteString("bash", "allow");
            json.WriteString("webfetch", "deny");
            json.WriteEndObject();
            json.WriteStartObject("provider");
            json.WriteStartObject("cairn");
            json.WriteString("npm", "@ai-sdk/openai-compatible");
            json.WriteString("name", "Cairn");
            json.WriteStartObject("options");
            json.WriteString("baseURL", address + "/v1");
            json.WriteString("apiKey", key);
            json.WriteEndObject();
            json.WriteStartObject("models");
            json.WriteStartObject("model");
            json.WriteString("name", model.Id);
            json.WriteBoolean("tool_call", true);
            json.WriteStartObject("limit");
            json.WriteNumber("context", model.ContextTokens);
            json.WriteNumber("output", model.MaxOutputTokens);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
