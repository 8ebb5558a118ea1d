using System.Collections.Immutable;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// The AGENTS.md files of a repository, each valid for its directory and below; the outermost first, so that a nearer
/// one has the last word. Bounded: a repository must not be able to fill the prompt.
/// </summary>
internal static class RuleFiles
{
    private const string Name = "AGENTS.md";
    private const int MaxFiles = 20;
    private const int MaxFileBytes = 32 * 1024;
    private const int MaxTotalBytes = 64 * 1024;
    private const int MaxDirectories = 2_000;
    private const int MaxDepth = 6;

    private static readonly string[] Skipped = [".git", "node_modules", "bin", "obj", "vendor", "dist", "target", ".venv"];

    public static ImmutableArray<TextSource> Read(IWorkspace workspace, IBlobStore blobs, ITokenCounter? counter)
    {
        var rules = ImmutableArray.CreateBuilder<TextSource>();
        var total = 0;
        foreach (var path in Find(workspace))
        {
            if (rules.Count == MaxFiles || total >= MaxTotalBytes)
            {
                break;
            }

            var text = Text(workspace, path);
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            total += Encoding.UTF8.GetByteCount(text);
            var scope = path.Length == Name.Length ? "the whole repository" : $"{path[..^Name.Length]} and below";
            rules.Add(blobs.PutText($"{path}, for {scope}", text, counter));
        }

        return rules.ToImmutable();
    }

    private static string Text(IWorkspace workspace, string path)
    {
        try
        {
            return Encoding.UTF8.GetString(workspace.Read(path, MaxFileBytes).Content.Span);
        }
        catch (WorkspaceException e)
        {
            return e.Problem == FileProblem.TooLarge ? $"({path} is larger than {MaxFileBytes} bytes and was not read.)" : "";
        }
    }

    private static IEnumerable<string> Find(IWorkspace workspace)
    {
        var queue = new Queue<(string Path, int Depth)>([("", 0)]);
        for (var seen = 0; queue.Count > 0 && seen < MaxDirectories; seen++)
        {
            var (directory, depth) = queue.Dequeue();
            IReadOnlyList<WorkspaceEntry> entries;
            try
            {
                entries = workspace.List(directory);
            }
            catch (WorkspaceException)
            {
                continue;
            }

            foreach (var entry in entries)
            {
                var name = entry.Path[(entry.Path.LastIndexOf('/') + 1)..];
                if (entry.Kind == EntryKind.File && name == Name)
                {
                    yield return entry.Path;
                }
                else if (entry.Kind == EntryKind.Directory && depth < MaxDepth && !Skipped.Contains(name))
                {
                    queue.Enqueue((entry.Path, depth + 1));
                }
            }
        }
    }
}
