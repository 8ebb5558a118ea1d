using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>
/// Tells with an edit's answer what is wrong since the edit and was not before: in the file itself and in the others that the server was shown.
/// Bounded in time; an edit is never refused or undone for it.
/// </summary>
internal sealed class EditProblems(RunLanguages languages)
{
    private const int MaxShown = 12;

    /// <summary>Carries out an edit, with what it broke when somebody can tell.</summary>
    public static Task<ToolResult> AroundAsync(EditProblems? problems, ToolContext context, string path, Func<ToolResult> edit, CancellationToken cancellationToken) =>
        problems is null ? Task.FromResult(edit()) : problems.AroundAsync(context, path, edit, cancellationToken);

    /// <summary>Carries out an edit and adds what it broke to its answer.</summary>
    /// <param name="context">The call.</param>
    /// <param name="path">The file, which may not exist yet.</param>
    /// <param name="edit">The edit.</param>
    /// <param name="cancellationToken">Stops it before the edit.</param>
    private async Task<ToolResult> AroundAsync(ToolContext context, string path, Func<ToolResult> edit, CancellationToken cancellationToken)
    {
        if (context.Exact || languages.Find(path) is not { } server || Resolved(context.Workspace, path) is not { } real)
        {
            return edit();
        }

        var wait = languages.IsRunning(server, context.Workspace) ? LspLimits.EditWait : LspLimits.StartWait + LspLimits.EditWait;
        var before = await LookAsync(context.Workspace, server, real, wait, cancellationToken);
        var result = edit();
        if (result.Status != ToolStatus.Ok)
        {
            return result;
        }

        var after = before is null ? null : await LookAsync(context.Workspace, server, real, LspLimits.EditWait, cancellationToken);
        if (before is null || after is null)
        {
            return result with { Text = $"{result.Text}\n({server.Name} did not look at this edit in time; `diagnostics` asks it.)" };
        }

        // Of a file that the server saw for the first time after the edit, nobody knows what was wrong before; a new file had nothing.
        var found = CodeProblems.New(
            before.Values.SelectMany(p => p),
            after.Where(p => p.Key == real || before.ContainsKey(p.Key)).SelectMany(p => p.Value)).Where(CodeProblems.Matters).ToList();
        return found.Count == 0 ? result : result with
        {
            Text = $"{result.Text}\nNew problems since this edit, by {server.Name}{(found.Count > MaxShown ? $", the first {MaxShown} of {found.Count}" : "")}:\n{CodeProblems.Text(found, MaxShown)}",
        };
    }

    /// <summary>What the server finds in all that it was shown, the file itself as it is now; null when that takes too long or does not work.</summary>
    private async Task<Dictionary<string, ImmutableArray<CodeProblem>>?> LookAsync(
        IWorkspace workspace, LanguageServer server, string path, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(wait);
        try
        {
            return await languages.UseAsync(server, workspace, (session, token) => FindAsync(session, workspace, path, token), late.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (e is LspFailure or LspRefusal)
        {
            return null;
        }
    }

    private static async Task<Dictionary<string, ImmutableArray<CodeProblem>>> FindAsync(LspSession session, IWorkspace workspace, string path, CancellationToken cancellationToken)
    {
        if (session.Documents.Show(workspace, path) is { } own)
        {
            await session.Diagnostics.WaitAsync(own.Path, own.Version, own.Sequence, cancellationToken);
        }

        var found = new Dictionary<string, ImmutableArray<CodeProblem>>(StringComparer.Ordinal);
        foreach (var open in session.Documents.Paths)
        {
            if (session.Diagnostics.Last(open) is { } last && session.Documents.Show(workspace, open) is { } document)
            {
                found[open] = CodeProblems.Of(document, last);
            }
        }

        return found;
    }

    /// <summary>The path that the file really has; null when it leads nowhere that is written.</summary>
    private static string? Resolved(IWorkspace workspace, string path)
    {
        try
        {
            return workspace.Stat(path) is null ? WorkspacePath.Of(workspace, path) : workspace.Read(path, LspLimits.DocumentBytes).Path;
        }
        catch (WorkspaceException)
        {
            return null;
        }
    }
}
