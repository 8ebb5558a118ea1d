using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>
/// A change of files that a server proposes: read, checked against the files as they are, and carried out in all of them or in none. The
/// server is not trusted: what it names outside of the workspace, what overlaps, and what would make or remove files is refused.
/// </summary>
internal sealed class EditPlan
{
    private const int MaxDiffLines = 40;
    private const int MaxDiffs = 20;

    private EditPlan(ImmutableArray<FileEdit> files, int changes) => (Files, Changes) = (files, changes);

    /// <summary>The files with what they shall be, by path.</summary>
    public ImmutableArray<FileEdit> Files { get; }

    /// <summary>How many places change.</summary>
    public int Changes { get; }

    /// <summary>Reads what a server proposes; a plan, or why there is none.</summary>
    /// <param name="session">The server.</param>
    /// <param name="workspace">The files.</param>
    /// <param name="edit">The WorkspaceEdit.</param>
    /// <param name="replaced">The text that each place must have now; null when any may stand there.</param>
    public static (EditPlan? Plan, ToolResult? Problem) Read(LspSession session, IWorkspace workspace, JsonElement edit, string? replaced)
    {
        var byUri = new SortedDictionary<string, List<(LspRange Range, string Text)>>(StringComparer.Ordinal);
        if (Collect(edit, byUri) is { } refused)
        {
            return (null, ToolResult.Failed(refused));
        }

        var files = ImmutableArray.CreateBuilder<FileEdit>();
        var changes = 0;
        foreach (var (uri, edits) in byUri)
        {
            var path = LspUri.Path(session.Root, uri);
            if (path is null || !LspUri.IsInside(path))
            {
                return (null, ToolResult.Failed($"{session.Server.Name} would change {SafeText.Line(path ?? uri, 300)}, which is outside of the workspace. Nothing was changed."));
            }

            var (file, problem) = Apply(session, workspace, path, edits, replaced);
            if (file is null)
            {
                return (null, problem);
            }

            files.Add(file);
            changes += edits.Count;
        }

        return (new([.. files.OrderBy(f => f.Before.Path, StringComparer.Ordinal)], changes), null);
    }

    /// <summary>Writes all files, each only if it is still what it was. When one is not, those that were written are put back.</summary>
    public ToolResult Write(ToolContext context, string head)
    {
        var written = new List<(FileEdit File, BlobHash Version)>();
        foreach (var file in Files)
        {
            try
            {
                written.Add((file, context.Workspace.Write(file.Before.Path, file.Bytes, file.Before.Version)));
            }
            catch (WorkspaceException e)
            {
                var left = PutBack(context.Workspace, written);
                var status = e.Problem == FileProblem.Changed ? ToolStatus.Conflict : e.Problem is FileProblem.ReadOnly or FileProblem.Outside ? ToolStatus.Denied : ToolStatus.Failed;
                return new(status, left.Count == 0
                    ? $"{e.Message} Nothing was changed; call it again for the files as they are now."
                    : $"{e.Message} What was written before could not be put back in {string.Join(", ", left)}, which somebody else changed meanwhile.");
            }
        }

        var text = new StringBuilder(head);
        foreach (var (file, version) in written.Take(MaxDiffs))
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n{WorkspacePath.Shown(file.Before.Path)} (version {version.Short})\n{UnifiedDiff.Between(file.Old, file.New, MaxDiffLines)}");
        }

        foreach (var (file, version) in written.Skip(MaxDiffs))
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n{WorkspacePath.Shown(file.Before.Path)} (version {version.Short})");
        }

        var data = new RenameData([.. written.Select(w => new WriteData(w.File.Before.Path, w.Version, w.File.Before.Version))], Changes);
        return ToolResult.Ok(text.ToString()) with
        {
            Data = context.Exact ? JsonSerializer.Serialize(data, CairnJson.Default.RenameData) : null,
            Context = new ContextReport { Files = [.. written.Take(ContextReport.MaxFiles).Select(w => new FileMark(w.File.Before.Path, w.Version) { Written = true })] },
        };
    }

    private static List<string> PutBack(IWorkspace workspace, List<(FileEdit File, BlobHash Version)> written)
    {
        var left = new List<string>();
        foreach (var (file, version) in written)
        {
            try
            {
                workspace.Write(file.Before.Path, file.Before.Content.Span, version);
            }
            catch (WorkspaceException)
            {
                left.Add(WorkspacePath.Shown(file.Before.Path));
            }
        }

        return left;
    }

    private static string? Collect(JsonElement edit, SortedDictionary<string, List<(LspRange, string)>> byUri)
    {
        var total = 0;
        foreach (var change in edit.Get("documentChanges").Items())
        {
            if (change.String("kind") is { } kind)
            {
                return $"This would {SafeText.Line(kind, 20)} a file, which is not done from here. Nothing was changed.";
            }

            total += Add(change.Get("textDocument").String("uri"), change.Get("edits"));
        }

        var plain = edit.Get("changes");
        foreach (var property in plain.ValueKind == JsonValueKind.Object && byUri.Count == 0 ? plain.EnumerateObject().AsEnumerable() : [])
        {
            total += Add(property.Name, property.Value);
        }

        return total > LspLimits.Edits || byUri.Count > LspLimits.EditedFiles
            ? $"This would change {total:N0} places in {byUri.Count:N0} files; at most {LspLimits.Edits:N0} places in {LspLimits.EditedFiles} files are changed at once. Nothing was changed."
            : null;

        int Add(string? uri, JsonElement edits)
        {
            if (uri is null)
            {
                return 0;
            }

            var list = byUri.TryGetValue(uri, out var there) ? there : byUri[uri] = [];
            list.AddRange(edits.Items().Take(LspLimits.Edits + 1).Select(e => (Range: LspJson.Range(e.Get("range")), Text: e.String("newText"))).Where(e => e.Range is not null && e.Text is not null)
                .Select(e => (e.Range!.Value, e.Text!)));
            return list.Count;
        }
    }

    private static (FileEdit? File, ToolResult? Problem) Apply(LspSession session, IWorkspace workspace, string path, List<(LspRange Range, string Text)> edits, string? replaced)
    {
        WorkspaceFile before;
        try
        {
            before = workspace.Read(path, LspLimits.DocumentBytes);
        }
        catch (WorkspaceException e)
        {
            return (null, ToolResult.Failed($"{e.Message} Nothing was changed."));
        }

        if (FileText.TryDecode(before.Content.Span) is not { } text)
        {
            return (null, ToolResult.Failed($"{WorkspacePath.Shown(path)} is no text. Nothing was changed."));
        }

        var places = new TextPlaces(text.Text, session.Unit);
        var result = new StringBuilder();
        var at = 0;
        foreach (var (from, to, with) in edits.Select(e => (From: places.Offset(e.Range.Start), To: places.Offset(e.Range.End), e.Text)).OrderBy(e => e.From).ThenBy(e => e.To))
        {
            if (from < at || to < from)
            {
                return (null, ToolResult.Failed($"{session.Server.Name} proposes changes of {WorkspacePath.Shown(path)} that overlap. Nothing was changed."));
            }

            if (replaced is not null && !text.Text.AsSpan(from, to - from).Contains(replaced, StringComparison.Ordinal))
            {
                return (null, new(ToolStatus.Conflict, $"{WorkspacePath.Shown(path)} changed while {session.Server.Name} was asked: line {places.Line(from)} does not name {SafeText.Line(replaced, 80)} where it says. Nothing was changed; call it again."));
            }

            result.Append(text.Text, at, from - at).Append(with);
            at = to;
        }

        var changed = result.Append(text.Text, at, text.Text.Length - at).ToString();
        return FileText.Encode(changed, text.Form) is { } bytes
            ? (new(before, text.Text, changed, bytes), null)
            : (null, ToolResult.Failed($"{WorkspacePath.Shown(path)} is stored as {text.Encoding}, which cannot hold the new text. Nothing was changed."));
    }
}

/// <summary>One file of a plan.</summary>
/// <param name="Before">What was read.</param>
/// <param name="Old">Its text.</param>
/// <param name="New">The text that it shall have.</param>
/// <param name="Bytes">Its bytes then.</param>
internal sealed record FileEdit(WorkspaceFile Before, string Old, string New, byte[] Bytes);
