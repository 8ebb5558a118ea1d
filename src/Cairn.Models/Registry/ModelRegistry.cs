using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>What the user says of a model in the registry file.</summary>
/// <param name="Model">provider:name.</param>
public sealed record RegisteredModel(string Model)
{
    /// <summary>Judged quality by skill, 0 to 1. Cairn ships none: whose judgement it would be is the user's to decide.</summary>
    public ImmutableSortedDictionary<ModelSkill, double> Quality { get; init; } = ImmutableSortedDictionary<ModelSkill, double>.Empty;

    /// <summary>What it can do, in the order of the enumeration.</summary>
    public ImmutableArray<ModelCapability> Capabilities { get; init; } = [ModelCapability.Tools];

    /// <summary>Calls that may be under way at once; more wait in a queue.</summary>
    public int Concurrency { get; init; } = 8;

    /// <summary>Tokens of prompts and answers that may be asked for in a minute; null for any number.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>The quality for a skill, or else in general.</summary>
    public double? QualityFor(ModelSkill skill) =>
        Quality.TryGetValue(skill, out var own) ? own : Quality.TryGetValue(ModelSkill.General, out var general) ? general : null;
}

/// <summary>Limits of every call that a policy routes.</summary>
/// <param name="MaxUsd">The most that a call may be expected to cost; null for no limit.</param>
/// <param name="MaxMs">The most milliseconds that it may be expected to take; null for no limit.</param>
public sealed record RouteLimits(decimal? MaxUsd, double? MaxMs)
{
    /// <summary>Milliseconds after which the next best model is asked as well, if the best has not answered; null for never.</summary>
    public double? HedgeMs { get; init; }
}

/// <summary>
/// The models that routes choose from: a YAML file, <c>$CAIRN_MODELS</c> or <c>~/.config/cairn/models.yaml</c>.
/// <code>
/// models:
///   - model: anthropic:claude-opus-5
///     quality: {general: 0.8, coding: 0.9}
///     capabilities: [tools, images, reasoning]
///     concurrency: 4
///     tokens_per_minute: 200000
/// policies:
///   coding: {max_usd: 0.25, max_ms: 60000, hedge_ms: 15000}
/// </code>
/// </summary>
public sealed record ModelRegistry(ImmutableArray<RegisteredModel> Models, ImmutableSortedDictionary<string, RouteLimits> Limits)
{
    /// <summary>The variable that names the file.</summary>
    public const string FileVariable = "CAIRN_MODELS";

    private const int MaxBytes = 1 << 20;
    private const int MaxModels = 256;
    private const int MaxConcurrency = 1024;
    private const int MaxHedgeMs = 3_600_000;

    /// <summary>A registry without models.</summary>
    public static ModelRegistry Empty { get; } = new([], ImmutableSortedDictionary<string, RouteLimits>.Empty);

    /// <summary>Where the file lies, or would.</summary>
    public static string PathOf(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return environment(FileVariable) is { Length: > 0 } named ? named
            : Path.Combine(environment("XDG_CONFIG_HOME") is { Length: > 0 } xdg ? xdg : Path.Combine(environment("HOME") ?? "/", ".config"), "cairn", "models.yaml");
    }

    /// <summary>Reads the file; an absent one is empty unless it was named.</summary>
    /// <exception cref="FormatException">The file cannot be understood; says what and where.</exception>
    public static ModelRegistry Load(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var path = PathOf(environment);
        if (!File.Exists(path))
        {
            return environment(FileVariable) is { Length: > 0 } ? throw new FormatException($"{FileVariable} names {path}, and there is no such file") : Empty;
        }

        try
        {
            return new FileInfo(path).Length > MaxBytes
                ? throw new FormatException($"the file is larger than {MaxBytes} bytes")
                : Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Reads the text of a registry file.</summary>
    /// <exception cref="FormatException">It cannot be understood; says what.</exception>
    public static ModelRegistry Parse(string text)
    {
        var root = YamlTree.Parse(text) as JsonObject ?? throw new FormatException("a mapping with 'models' is expected");
        Only(root, "the file", "models", "policies");
        var models = (root["models"] as JsonArray ?? throw new FormatException("'models' is a list"))
            .Select((m, i) => Model(m as JsonObject ?? throw new FormatException($"models[{i}] is a mapping"), $"models[{i}]")).ToImmutableArray();
        var twice = models.GroupBy(m => m.Model, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        return twice is not null ? throw new FormatException($"{twice.Key} is there twice")
            : models.Length > MaxModels ? throw new FormatException($"there are more than {MaxModels} models")
            : new(models, Policies(root["policies"]));
    }

    private static RegisteredModel Model(JsonObject node, string place)
    {
        Only(node, place, "model", "quality", "capabilities", "concurrency", "tokens_per_minute");
        var id = Scalar<string>(node, "model", place) is { Length: > 0 } name && name.Contains(':', StringComparison.Ordinal)
            ? name
            : throw new FormatException($"{place}.model is provider:name");
        var concurrency = node.ContainsKey("concurrency") ? Scalar<int>(node, "concurrency", place) : new RegisteredModel(id).Concurrency;
        int? tokens = node.ContainsKey("tokens_per_minute") ? Scalar<int>(node, "tokens_per_minute", place) : null;
        return concurrency is < 1 or > MaxConcurrency ? throw new FormatException($"{place}.concurrency is 1 to {MaxConcurrency}")
            : tokens < 1 ? throw new FormatException($"{place}.tokens_per_minute is 1 or more")
            : new(id)
            {
                Quality = Quality(node["quality"], place),
                Capabilities = node["capabilities"] is { } named ? Capabilities(named, place) : new RegisteredModel(id).Capabilities,
                Concurrency = concurrency,
                TokensPerMinute = tokens,
            };
    }

    private static ImmutableSortedDictionary<ModelSkill, double> Quality(JsonNode? node, string place)
    {
        var found = ImmutableSortedDictionary.CreateBuilder<ModelSkill, double>();
        var named = node is null ? [] : node as JsonObject ?? throw new FormatException($"{place}.quality is a mapping");
        foreach (var (name, _) in named)
        {
            var value = Scalar<double>(named, name, $"{place}.quality");
            found[Word<ModelSkill>(name, $"{place}.quality")] = value is >= 0 and <= 1 ? value : throw new FormatException($"{place}.quality.{name} is 0 to 1");
        }

        return found.ToImmutable();
    }

    private static ImmutableArray<ModelCapability> Capabilities(JsonNode node, string place) =>
    [
        .. (node as JsonArray ?? throw new FormatException($"{place}.capabilities is a list"))
            .Select(c => Word<ModelCapability>(c?.ToString() ?? "", $"{place}.capabilities")).Distinct().Order(),
    ];

    private static ImmutableSortedDictionary<string, RouteLimits> Policies(JsonNode? node)
    {
        var found = ImmutableSortedDictionary.CreateBuilder<string, RouteLimits>(StringComparer.Ordinal);
        foreach (var (name, value) in node is null ? [] : node as JsonObject ?? throw new FormatException("'policies' is a mapping"))
        {
            var limits = value as JsonObject ?? throw new FormatException($"policies.{name} is a mapping");
            Only(limits, $"policies.{name}", "max_usd", "max_ms", "hedge_ms");
            found[name] = new(
                limits.ContainsKey("max_usd") ? (decimal)Scalar<double>(limits, "max_usd", $"policies.{name}") : null,
                limits.ContainsKey("max_ms") ? Scalar<double>(limits, "max_ms", $"policies.{name}") : null)
            {
                HedgeMs = !limits.ContainsKey("hedge_ms") ? null
                    : Scalar<double>(limits, "hedge_ms", $"policies.{name}") is >= 0 and <= MaxHedgeMs and var ms ? ms : throw new FormatException($"policies.{name}.hedge_ms is 0 to {MaxHedgeMs}"),
            };
        }

        return found.ToImmutable();
    }

    private static void Only(JsonObject node, string place, params string[] known)
    {
        if (node.Select(p => p.Key).FirstOrDefault(key => !known.Contains(key)) is { } unknown)
        {
            throw new FormatException($"{place} has an unknown key '{unknown}'; known are {string.Join(", ", known)}");
        }
    }

    // Files say tool_use where the code says ToolUse.
    private static T Word<T>(string text, string place)
        where T : struct, Enum =>
        Enum.TryParse<T>(text.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text.FirstOrDefault())
            ? value
            : throw new FormatException($"{place}: '{text}' is none of {string.Join(", ", Enum.GetNames<T>().Select(n => JsonNamingPolicy.SnakeCaseLower.ConvertName(n)))}");

    private static T Scalar<T>(JsonObject node, string key, string place)
    {
        try
        {
            return typeof(T) == typeof(double) && node[key] is JsonValue number && number.TryGetValue<long>(out var whole)
                ? (T)Convert.ChangeType(whole, typeof(T), CultureInfo.InvariantCulture)
                : typeof(T) == typeof(int) && node[key] is JsonValue integer && integer.TryGetValue<long>(out var wide)
                    ? (T)Convert.ChangeType(wide, typeof(T), CultureInfo.InvariantCulture)
                    : node[key] is JsonValue value ? value.GetValue<T>() : throw new FormatException($"{place}.{key} is missing");
        }
        catch (Exception e) when (e is InvalidOperationException or OverflowException or InvalidCastException)
        {
            throw new FormatException($"{place}.{key} is not a {(typeof(T) == typeof(string) ? "text" : "number")}", e);
        }
    }
}
