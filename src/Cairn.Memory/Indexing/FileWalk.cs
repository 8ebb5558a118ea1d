using System.Text;
using Cairn.Abstractions;

namespace Cairn.Memory.Indexing;

/// <summary>
/// The files of a workspace that belong into a model: all but those that its .gitignore files leave out, programs' own folders
/// and what is too large. It remembers the rules, so that a single path can be asked for later.
/// </summary>
public sealed class FileWalk
{
    private const int MaxRuleBytes = 256 * 1024;

    private static readonly HashSet<string> Always = [".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".mypy_cache", ".idea", ".vs", "vendor"];

    // Where no .gitignore says what is made, these are.
    private static readonly HashSet<string> Usually = ["bin", "obj", "dist", "build", "target", "coverage", "artifacts"];

    private readonly Dictionary<string, IgnoreRules> _rules = new(StringComparer.Ordinal);
    private bool _hasRules;

    private FileWalk()
    {
    }

    /// <summary>The files, sorted by path.</summary>
    public IReadOnlyList<string> Paths { get; private set; } = [];

    /// <summary>The folders that were entered; "" is the root.</summary>
    public IReadOnlyCollection<string> Folders => _rules.Keys;

    /// <summary>Files that are too large, and those beyond the limit.</summary>
    public int Skipped { get; private set; }

    /// <summary>Walks through a workspace.</summary>
    public static FileWalk Of(IWorkspace workspace, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        var walk = new FileWalk();
        walk.Enter(workspace, "", walk.Folder(workspace, "", IgnoreRules.None), cancellationToken);
        return walk;
    }

    /// <summary>The files beneath a folder that came later; those of its folders that are entered belong to the walk from now on.</summary>
    public IReadOnlyList<string> Add(IWorkspace workspace, string folder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        ArgumentNullException.ThrowIfNull(folder);
        var before = Paths;
        if (!Includes(folder, true) || workspace.Stat(folder) is not { Kind: EntryKind.Directory })
        {
            return [];
        }

        Paths = [];
        Enter(workspace, folder, Folder(workspace, folder, Above(folder)), cancellationToken);
        var added = Paths;
        Paths = before;
        return added;
    }

    /// <summary>Whether a path belongs into a model, by the rules that were read.</summary>
    public bool Includes(string path, bool isFolder)
    {
        ArgumentNullException.ThrowIfNull(path);
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            if (IsLeftOut(path[..slash], true))
            {
                return false;
            }
        }

        return !IsLeftOut(path, isFolder);
    }

    private bool IsLeftOut(string path, bool isFolder)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return (isFolder && (Always.Contains(name) || (!_hasRules && Usually.Contains(name)))) || name == ".git" || Above(path).Ignores(path, isFolder);
    }

    private IgnoreRules Above(string path)
    {
        while (path.Length > 0)
        {
            path = path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";
            if (_rules.TryGetValue(path, out var rules))
            {
                return rules;
            }
        }

        return IgnoreRules.None;
    }

    private void Enter(IWorkspace workspace, string start, IgnoreRules rules, CancellationToken cancellationToken)
    {
        var paths = new List<string>();
        var folders = new Stack<(string Path, IgnoreRules Rules)>([(start, rules)]);
        while (folders.TryPop(out var folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var entry in List(workspace, folder.Path))
            {
                if (entry.Kind == EntryKind.Directory && !IsLeftOut(entry.Path, true))
                {
                    folders.Push((entry.Path, Folder(workspace, entry.Path, folder.Rules)));
                }
                else if (entry.Kind == EntryKind.File && !IsLeftOut(entry.Path, false))
                {
                    if (entry.Length > CodeIndexer.MaxFileBytes || paths.Count >= CodeIndexer.MaxFiles)
                    {
                        Skipped++;
                    }
                    else
                    {
                        paths.Add(entry.Path);
                    }
                }
            }
        }

        paths.Sort(StringComparer.Ordinal);
        Paths = paths;
    }

    private IgnoreRules Folder(IWorkspace workspace, string folder, IgnoreRules above)
    {
        var path = folder.Length == 0 ? ".gitignore" : folder + "/.gitignore";
        try
        {
            if (workspace.Stat(path) is { Kind: EntryKind.File, Length: <= MaxRuleBytes })
            {
                _hasRules = true;
                above = above.Under(folder, Encoding.UTF8.GetString(workspace.Read(path, MaxRuleBytes).Content.Span));
            }
        }
        catch (WorkspaceException)
        {
            // Unreadable rules leave nothing out.
        }

        return _rules[folder] = above;
    }

    private static IReadOnlyList<WorkspaceEntry> List(IWorkspace workspace, string folder)
    {
        try
        {
            return workspace.List(folder);
        }
        catch (WorkspaceException)
        {
            // Gone since it was listed.
            return [];
        }
    }
}
