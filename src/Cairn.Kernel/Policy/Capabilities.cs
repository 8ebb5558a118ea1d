using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// The vocabulary of policies: what each call needs permissions for, read from its arguments. Pure, so that the same call
/// needs the same everywhere.
/// </summary>
public static class Capabilities
{
    /// <summary>The actions; those of a group (the part before the dot) are in `Action::"group"`.</summary>
    public static readonly ImmutableArray<string> Actions =
    [
        "fs.read", "fs.write", "fs.list", "fs.exec", "net.connect", "proc.spawn", "tool.call", "secret.use", "model.call",
        "memory.read", "memory.write",
    ];

    /// <summary>The kinds of resources.</summary>
    public static readonly ImmutableArray<string> Resources = ["File", "Host", "Command", "Tool", "Secret", "Model", "Memory"];

    /// <summary>The kinds of principals, and `Role`, which they are in.</summary>
    public static readonly ImmutableArray<string> Principals = ["Agent", "Run", "Guest", "Role"];

    /// <summary>What a tool call needs; the first is always the tool itself.</summary>
    /// <param name="tool">The tool's name.</param>
    /// <param name="arguments">The arguments' JSON text, checked against the tool's schema.</param>
    /// <param name="root">The workspace's root: an absolute path beneath it is the same as one relative to it.</param>
    public static ImmutableArray<AccessRequest> Of(string tool, string arguments, string root)
    {
        ArgumentNullException.ThrowIfNull(tool);
        AccessRequest call = new("tool.call", "Tool", tool);
        try
        {
            using var json = JsonDocument.Parse(arguments);
            return [call, .. Needs(tool, json.RootElement, root)];
        }
        catch (JsonException)
        {
            // It did not pass the schema: it is answered as invalid and never runs.
            return [call];
        }
    }

    private static IEnumerable<AccessRequest> Needs(string tool, JsonElement arguments, string root) => tool switch
    {
        "read_file" => [new("fs.read", "File", Path(arguments, root))],
        "list_files" => [new("fs.list", "File", Path(arguments, root), Recursive: true)],
        "search" or "git_diff" or "git_log" => [new("fs.read", "File", Path(arguments, root), Recursive: true)],
        "git_status" => [new("fs.list", "File", Path(arguments, root), Recursive: true)],
        "git_blame" => [new("fs.read", "File", Path(arguments, root))],
        "git_commit" => [new("fs.write", "File", ".git/refs/heads/cairn")],
        // What a language server answers shows lines of any file, and what it changes may be any.
        "find_references" or "inspect_symbol" or "list_symbols" or "diagnostics" or "code_actions" => [new("fs.read", "File", ".", Recursive: true)],
        "rename_symbol" or "apply_code_action" => [new("fs.read", "File", ".", Recursive: true), new("fs.write", "File", ".", Recursive: true)],
        "write_file" or "edit_file" => [new("fs.write", "File", Path(arguments, root))],
        "run_command" => Command(Text(arguments, "command") ?? "", Text(arguments, "directory") ?? "", root),
        "guest_model" => [new("model.call", "Model", Text(arguments, "model") ?? "")],
        "web_fetch" => [Host(Text(arguments, "url") ?? "")],
        // The model tells of every file, so who may not read all of them cannot ask it.
        "recall_code" or "impact" or "graph_query" => [new("memory.read", "Memory", "code"), new("fs.read", "File", ".", Recursive: true)],
        // What is typed may go to any program that reads the terminal: it needs the permission to start a shell, whatever it says.
        "shell_send" => [new("proc.spawn", "Command", ShellPrograms.Shell, Text(arguments, "input"))],
        _ => [],
    };

    /// <summary>The programs of a line, and the files that it starts as programs by their path.</summary>
    private static IEnumerable<AccessRequest> Command(string line, string directory, string root)
    {
        var paths = new List<string>();
        var programs = ShellPrograms.Of(line, paths).Select(p => new AccessRequest("proc.spawn", "Command", p, line)).ToList();
        return programs.Concat(paths.Distinct().Select(p => new AccessRequest("fs.exec", "File", Below(p.StartsWith('/') ? p : $"{(directory.Length == 0 ? "." : directory)}/{p}", root), line)));
    }

    /// <summary>The host of a URL in the one form of its name; "" for what is none, which no sensible rule permits.</summary>
    private static AccessRequest Host(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new("net.connect", "Host", url.IdnHost.ToLowerInvariant().TrimEnd('.'), text) { Port = url.Port, Method = "GET" }
            : new("net.connect", "Host", "", text);

    /// <summary>The path without `.`, `..` and doubled slashes, so that one file has one name.</summary>
    public static string Normal(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var parts = new List<string>();
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count > 0 && parts[^1] != "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        var joined = string.Join('/', parts);
        return path.StartsWith('/') ? "/" + joined : joined.Length == 0 ? "." : joined;
    }

    private static string Path(JsonElement arguments, string root)
    {
        return Below(Text(arguments, "path") ?? ".", root);
    }

    private static string Below(string named, string root)
    {
        var path = Normal(named);
        var above = Normal(root);
        return path == above ? "." : path.StartsWith(above.TrimEnd('/') + "/", StringComparison.Ordinal) ? Normal(path[(above.TrimEnd('/').Length + 1)..]) : path;
    }

    private static string? Text(JsonElement arguments, string name) =>
        arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
