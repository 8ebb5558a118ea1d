using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Cairn.Abstractions;
using Cairn.Sandbox.Egress;
using Cairn.Tools.Custom;

namespace Cairn.Host;

/// <summary>The devices of an agent file: manifests under `tools`, MCP servers under `mcp`, hosts under `network`.</summary>
internal static partial class AgentDevices
{
    private const int MaxServers = 16;
    private const int MaxRules = 256;
    private const int MaxSeconds = 3600;
    private const int DefaultSeconds = 60;

    /// <summary>An entry of `tools` that names a manifest's file.</summary>
    public static bool IsManifest(string entry) => entry.EndsWith(".json", StringComparison.Ordinal);

    /// <summary>Reads a manifest that the user named: it, and what lies beside it, is the user's own.</summary>
    public static ToolManifest Manifest(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            return new FileInfo(full) is { Exists: true, Length: > ManifestFile.MaxBytes }
                ? throw new UserException($"{path}: a manifest may have at most {ManifestFile.MaxBytes} bytes.")
                : ManifestFile.Parse(File.ReadAllText(full), full, Path.GetDirectoryName(full), "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The manifest {path} cannot be read: {e.Message}", e);
        }
        catch (ManifestException e)
        {
            throw new UserException(e.Message, e);
        }
    }

    public static McpServer Server(string file, string name, McpShape? shape)
    {
        if (!ServerName().IsMatch(name))
        {
            throw new UserException($"{file}: an MCP server's name has 1 to 24 of a-z, 0-9 and _, without __; '{SafeText.Line(name, 40)}' is none.");
        }

        if (shape?.Url is { } url)
        {
            return ServerOf(file, name, url, shape);
        }

        if (shape?.Command is not { Count: > 0 } command || string.IsNullOrEmpty(command[0]))
        {
            throw new UserException($"{file}: the MCP server {name} needs a command: [program, argument, …], or a url.");
        }

        var directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var mounts = (shape.Mounts ?? []).Select(m => Path.GetFullPath(m, directory)).ToImmutableArray();
        if (mounts.FirstOrDefault(m => !Path.Exists(m)) is { } missing)
        {
            throw new UserException($"{file}: the MCP server {name} mounts {missing}, which does not exist.");
        }

        if (shape.TimeoutSeconds is < 1 or > MaxSeconds)
        {
            throw new UserException($"{file}: timeout_seconds of {name} may be 1 to {MaxSeconds}.");
        }

        return new McpServer(
            name,
            [.. command],
            (shape.Env ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal),
            mounts,
            shape.Files is null ? McpFiles.Current
                : Enum.TryParse<McpFiles>(shape.Files, ignoreCase: true, out var files) ? files
                : throw new UserException($"{file}: files of {name} may be current, fixed or writable."),
            shape.Network ?? false,
            shape.TimeoutSeconds ?? DefaultSeconds);
    }

    /// <summary>A server of the network: what it sees and may do is not ours to say, only whether it is asked.</summary>
    private static McpServer ServerOf(string file, string name, string url, McpShape shape)
    {
        if (shape.Command is not null || shape.Env is not null || shape.Mounts is not null || shape.Files is not null || shape.Network is not null)
        {
            throw new UserException($"{file}: the MCP server {name} has a url, so it has only timeout_seconds beside it: it does not run here.");
        }

        return !Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0 || address.Fragment.Length > 0
            ? throw new UserException($"{file}: the url of {name} must be http or https, without a user or a fragment; a secret is added by `credential` under `network`.")
            : shape.TimeoutSeconds is < 1 or > MaxSeconds
                ? throw new UserException($"{file}: timeout_seconds of {name} may be 1 to {MaxSeconds}.")
                : new McpServer(name, [], ImmutableSortedDictionary<string, string>.Empty, [], McpFiles.Fixed, true, shape.TimeoutSeconds ?? DefaultSeconds) { Url = address.AbsoluteUri };
    }

    public static ImmutableArray<McpServer> Servers(string file, Dictionary<string, McpShape?>? shapes) => shapes is null ? []
        : shapes.Count <= MaxServers ? [.. shapes.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => Server(file, s.Key, s.Value))]
        : throw new UserException($"{file}: at most {MaxServers} MCP servers.");

    /// <summary>Reads `network`: each entry is HOST[:PORT], or a mapping with host, port, methods, private and credential.</summary>
    public static ImmutableArray<NetworkRule> Network(string file, List<object>? entries) => entries is null ? []
        : entries.Count <= MaxRules ? [.. entries.Select(e => Rule(file, e))]
        : throw new UserException($"{file}: at most {MaxRules} network rules.");

    /// <summary>Reads what `--allow-net` says.</summary>
    public static NetworkRule Rule(string text)
    {
        try
        {
            return NetworkRules.Parse(text);
        }
        catch (FormatException e)
        {
            throw new UserException($"--allow-net {e.Message}", e);
        }
    }

    private static NetworkRule Rule(string file, object entry)
    {
        try
        {
            if (entry is string text)
            {
                return NetworkRules.Parse(text);
            }

            var map = Map(entry, "host", "port", "methods", "private", "credential");
            var rule = NetworkRules.Parse(Text(map, "host") ?? throw new FormatException("host is missing."));
            return NetworkRules.Check(rule with
            {
                Port = Text(map, "port") is { } port ? int.TryParse(port, out var number) ? number : throw new FormatException($"'{port}' is no port.") : rule.Port,
                Methods = map.GetValueOrDefault("methods") is List<object> methods ? [.. methods.Select(m => m as string ?? "")] : [],
                Private = rule.Private || Text(map, "private") == "true",
                Credential = map.GetValueOrDefault("credential") is { } credential ? Credential(Map(credential, "header", "prefix", "env")) : null,
            });
        }
        catch (FormatException e)
        {
            throw new UserException($"{file}: network: {e.Message}", e);
        }
    }

    private static NetworkCredential Credential(Dictionary<string, object> map)
    {
        var header = Text(map, "header") ?? "Authorization";
        return HeaderName().IsMatch(header)
            ? new(header, Text(map, "prefix") ?? "", Text(map, "env") ?? throw new FormatException("credential needs env, the variable that holds the secret."))
            : throw new FormatException("credential: the header's name cannot be used.");
    }

    private static Dictionary<string, object> Map(object entry, params string[] known)
    {
        var map = entry is Dictionary<object, object> found
            ? found.ToDictionary(p => p.Key.ToString() ?? "", p => p.Value)
            : throw new FormatException("an entry is HOST[:PORT] or a mapping.");
        return map.Keys.FirstOrDefault(k => !known.Contains(k)) is { } unknown
            ? throw new FormatException($"unknown key '{SafeText.Line(unknown, 40)}'; known are {string.Join(", ", known)}.")
            : map;
    }

    private static string? Text(Dictionary<string, object> map, string key) => map.GetValueOrDefault(key) as string;

    [GeneratedRegex("^(?!.*__)[a-z][a-z0-9_]{0,23}$")]
    private static partial Regex ServerName();

    [GeneratedRegex("^(?!(?i:host|connection|content-length|transfer-encoding)$)[A-Za-z][A-Za-z0-9-]{0,63}$")]
    private static partial Regex HeaderName();
}

/// <summary>An MCP server in an agent file.</summary>
internal sealed class McpShape
{
    public List<string>? Command { get; set; }

    public string? Url { get; set; }

    public Dictionary<string, string>? Env { get; set; }

    public List<string>? Mounts { get; set; }

    public string? Files { get; set; }

    public bool? Network { get; set; }

    public int? TimeoutSeconds { get; set; }
}
