using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>The part `language_servers` of an agent file: `off`, or servers by name, beside those that Cairn knows.</summary>
internal static partial class LanguageSection
{
    private const int MaxServers = 16;
    private const int MaxEnds = 64;
    private const int MaxDepth = 8;
    private const int MaxSeconds = 600;
    private const int MaxMemoryMb = 64 * 1024;
    private const int MaxIdleSeconds = 24 * 3600;

    private static readonly string[] Keys = ["command", "files", "env", "mounts", "options", "timeout_seconds", "memory_mb", "idle_seconds", "per_file"];

    /// <summary>What the section says; null when it is not there, then the servers that are found count.</summary>
    /// <param name="file">The agent file, for messages and relative paths.</param>
    /// <param name="section">What stands under the key.</param>
    /// <exception cref="UserException">When it cannot be understood.</exception>
    public static ImmutableArray<LanguageServer>? Read(string file, object? section)
    {
        if (section is null)
        {
            return null;
        }

        if (section is string word)
        {
            return word is "off" or "false" or "no" ? [] : throw Bad(file, $"it is '{SafeText.Line(word, 40)}'; it may be off, or a mapping of servers by name");
        }

        var servers = Map(file, "language_servers", section);
        return servers.Count > MaxServers
            ? throw Bad(file, $"at most {MaxServers} servers")
            : [.. servers.Select(s => Server(file, s.Key, s.Value))];
    }

    private static LanguageServer Server(string file, string name, object? given)
    {
        if (!ServerName().IsMatch(name))
        {
            throw Bad(file, $"a server's name has 1 to 40 of a-z, 0-9, - and _; '{SafeText.Line(name, 40)}' is none");
        }

        var map = Map(file, name, given);
        if (map.Keys.FirstOrDefault(k => !Keys.Contains(k)) is { } unknown)
        {
            throw Bad(file, $"{name} has an unknown key '{SafeText.Line(unknown, 40)}'; known are {string.Join(", ", Keys)}");
        }

        var command = Texts(file, name, "command", map);
        if (command is not [{ Length: > 0 }, ..])
        {
            throw Bad(file, $"{name} needs a command: [program, argument, …]");
        }

        var files = Words(file, name, "files", map);
        if (files.Count is 0 or > MaxEnds || files.Any(f => f.Key.Length < 2 || f.Key.Contains('/', StringComparison.Ordinal) || f.Value.Length == 0))
        {
            throw Bad(file, $"{name} needs files, 1 to {MaxEnds} ends of names with their language: {{\".py\": python}}");
        }

        var directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var mounts = Texts(file, name, "mounts", map).Select(m => Path.GetFullPath(m, directory)).ToImmutableArray();
        return mounts.FirstOrDefault(m => !Path.Exists(m)) is { } missing
            ? throw Bad(file, $"{name} mounts {missing}, which does not exist")
            : new LanguageServer(name, files, [.. command])
            {
                Environment = Words(file, name, "env", map),
                Mounts = mounts,
                Options = map.GetValueOrDefault("options") is { } options ? Node(file, name, options, 0)?.ToJsonString() : null,
                TimeoutSeconds = Number(file, name, "timeout_seconds", map, MaxSeconds) ?? 30,
                MemoryMb = Number(file, name, "memory_mb", map, MaxMemoryMb) ?? 2048,
                IdleSeconds = Number(file, name, "idle_seconds", map, MaxIdleSeconds) ?? 300,
                PerFile = map.GetValueOrDefault("per_file") switch { null => false, "true" => true, "false" => false, _ => throw Bad(file, $"per_file of {name} may be true or false") },
            };
    }

    private static List<string> Texts(string file, string name, string key, Dictionary<string, object?> map) => map.GetValueOrDefault(key) switch
    {
        null => [],
        List<object> list when list.All(i => i is string) => [.. list.Cast<string>()],
        _ => throw Bad(file, $"{key} of {name} is a list of texts"),
    };

    private static ImmutableSortedDictionary<string, string> Words(string file, string name, string key, Dictionary<string, object?> map) =>
        map.GetValueOrDefault(key) is not { } value ? ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal)
        : Map(file, $"{key} of {name}", value).ToImmutableSortedDictionary(p => p.Key, p => p.Value as string ?? throw Bad(file, $"{key} of {name}: '{p.Key}' needs a text"), StringComparer.Ordinal);

    private static int? Number(string file, string name, string key, Dictionary<string, object?> map, int most) => map.GetValueOrDefault(key) is not { } value ? null
        : int.TryParse(value as string, System.Globalization.CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most ? number
        : throw Bad(file, $"{key} of {name} may be 1 to {most}");

    private static Dictionary<string, object?> Map(string file, string what, object? value) => value is Dictionary<object, object> map
        ? map.ToDictionary(p => p.Key.ToString() ?? "", p => (object?)p.Value, StringComparer.Ordinal)
        : throw Bad(file, $"{what} must be a mapping");

    /// <summary>YAML without types has texts only: what looks like a number or a truth value is one.</summary>
    private static JsonNode? Node(string file, string name, object? value, int depth) => depth > MaxDepth ? throw Bad(file, $"options of {name} are nested more than {MaxDepth} deep") : value switch
    {
        Dictionary<object, object> map => new JsonObject(map.Select(p => KeyValuePair.Create(p.Key.ToString() ?? "", Node(file, name, p.Value, depth + 1)))),
        List<object> list => new JsonArray([.. list.Select(i => Node(file, name, i, depth + 1))]),
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        string text when long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
        string text => JsonValue.Create(text),
        _ => null,
    };

    private static UserException Bad(string file, string what) => new($"{file}: language_servers: {what}.");

    [GeneratedRegex("^[a-z0-9_-]{1,40}$")]
    private static partial Regex ServerName();
}
