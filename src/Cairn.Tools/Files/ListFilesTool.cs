using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Files;

/// <summary>list_files: what is in a directory, bounded.</summary>
internal sealed class ListFilesTool() : DriverTool(
    "Files", "list_files", EffectClass.Pure, TimeSpan.FromSeconds(60), """{"path":".","depth":2,"include_generated":null}""", "fs.list")
{
    /// <summary>The most entries that a model gets.</summary>
    public const int MaxEntries = 1000;

    /// <summary>The most entries that a program gets.</summary>
    public const int MaxExactEntries = 100_000;

    private const int DefaultDepth = 2;

    /// <summary>Directories that builds and package managers fill.</summary>
    public static readonly ImmutableHashSet<string> Generated =
        ["node_modules", "bin", "obj", "__pycache__", ".venv", ".tox", ".mypy_cache", ".pytest_cache", ".gradle", ".vs", ".idea"];

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var path = WorkspacePath.Of(context.Workspace, Text(arguments, "path") ?? "");
        var found = new Found(context.Exact ? MaxExactEntries : MaxEntries);
        Walk(context.Workspace, path, Number(arguments, "depth") ?? DefaultDepth, Flag(arguments, "include_generated"), found, cancellationToken);
        return Task.FromResult(ToolResult.Ok(context.Exact ? $"{found.Entries.Count} entries" : Text(path, found)) with
        {
            Data = Data(context, new FileListData([.. found.Entries.Select(e => new ListedEntry(e.Path, e.Kind, e.Length))], !found.Full), CairnJson.Default.FileListData),
        });
    }

    private static void Walk(IWorkspace workspace, string path, int depth, bool generated, Found found, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var entry in workspace.List(path))
        {
            var name = entry.Path[(entry.Path.LastIndexOf('/') + 1)..];
            if (name == ".git")
            {
                continue;
            }

            if (found.Full || found.Entries.Count == found.Limit)
            {
                found.Full = true;
                return;
            }

            found.Entries.Add(entry);
            if (entry.Kind != EntryKind.Directory)
            {
                continue;
            }

            if (!generated && Generated.Contains(name))
            {
                found.NotEntered.Add(entry.Path);
            }
            else if (depth > 1)
            {
                Walk(workspace, entry.Path, depth - 1, generated, found, cancellationToken);
            }
        }
    }

    private static string Text(string path, Found found)
    {
        if (found.Entries.Count == 0)
        {
            return $"{WorkspacePath.Shown(path)} is empty.";
        }

        var text = new StringBuilder();
        foreach (var entry in found.Entries)
        {
            var shown = WorkspacePath.Shown(entry.Path);
            _ = entry.Kind switch
            {
                EntryKind.Directory => text.Append(shown).Append(found.NotEntered.Contains(entry.Path) ? "/ (generated, not entered)" : "/"),
                EntryKind.Link => text.Append(CultureInfo.InvariantCulture, $"{shown} -> {WorkspacePath.Shown(entry.LinkTarget ?? "?")}"),
                EntryKind.File => text.Append(CultureInfo.InvariantCulture, $"{shown} ({entry.Length:N0} bytes)"),
                _ => text.Append(shown).Append(" (socket, pipe or device)"),
            };
            text.Append('\n');
        }

        return found.Full
            ? text.Append(CultureInfo.InvariantCulture, $"[Cut at {found.Limit:N0} entries: list a directory below, or less depth.]").ToString()
            : text.ToString().TrimEnd('\n');
    }

    private sealed class Found(int limit)
    {
        public int Limit { get; } = limit;

        public List<WorkspaceEntry> Entries { get; } = [];

        public HashSet<string> NotEntered { get; } = [];

        public bool Full { get; set; }
    }
}
