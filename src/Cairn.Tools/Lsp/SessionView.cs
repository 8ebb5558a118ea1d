using System.Collections.Frozen;
using Cairn.Abstractions;

namespace Cairn.Tools.Lsp;

/// <summary>Brings a server to the files as a run sees them now, as far as that can be told by opening documents.</summary>
internal static class SessionView
{
    /// <summary>Files that say how a project is put together: servers read them when they start.</summary>
    private static readonly FrozenSet<string> ProjectFiles = FrozenSet.Create(
        StringComparer.Ordinal,
        "pyproject.toml", "pyrightconfig.json", "setup.py", "setup.cfg", "package.json", "tsconfig.json", "jsconfig.json", "compile_commands.json", "compile_flags.txt",
        ".clangd", "go.mod", "go.sum", "go.work", "Cargo.toml");

    /// <summary>Files that others take in: a server that reads those from its disk has to be started anew.</summary>
    private static readonly string[] Headers = [".h", ".hh", ".hpp", ".hxx", ".inc"];

    /// <summary>The server sees what the run sees; false when it has to be started anew for that.</summary>
    public static bool TryFollow(LspSession session, IWorkspace workspace)
    {
        if (session.Root != workspace.Root || Changed(session, workspace) is not { } changed)
        {
            return false;
        }

        foreach (var path in changed.Union(session.Documents.Paths))
        {
            session.Documents.Show(workspace, path);
        }

        return true;
    }

    /// <summary>The files that differ from what the server has on its disk; null when they cannot be shown as documents.</summary>
    private static List<string>? Changed(LspSession session, IWorkspace workspace)
    {
        var changes = session.Base == workspace.Top ? [] : workspace.ChangesSince(session.Base);
        if (changes is null)
        {
            return null;
        }

        var changed = new List<string>();
        foreach (var change in changes)
        {
            var name = change.Path[(change.Path.LastIndexOf('/') + 1)..];
            if (change.Path.StartsWith(".git/", StringComparison.Ordinal) || (change.Kind == EntryKind.Directory && change.Change != ChangeKind.Deleted))
            {
                continue;
            }

            var isCode = RunLanguages.LanguageOf(session.Server, change.Path) is not null;
            if (change.Kind == EntryKind.Directory || ProjectFiles.Contains(name)
                || (isCode && (change.Change != ChangeKind.Modified || change.Kind != EntryKind.File || (session.Server.PerFile && Headers.Any(h => name.EndsWith(h, StringComparison.Ordinal))))))
            {
                return null;
            }

            if (isCode)
            {
                changed.Add(change.Path);
            }
        }

        return changed.Count > LspLimits.ChangedFiles ? null : changed;
    }
}
