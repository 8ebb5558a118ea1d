using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Files;

/// <summary>read_file: numbered lines with the version that a later edit must name.</summary>
internal sealed class ReadFileTool(SeenVersions versions) : DriverTool(
    "Files", "read_file", EffectClass.Pure, TimeSpan.FromSeconds(30), """{"path":"src/app.py","start_line":1,"end_line":80}""", "fs.read")
{
    /// <summary>The largest file that is opened at all.</summary>
    public const long MaxFileBytes = 64L * 1024 * 1024;

    /// <summary>The largest file that a program gets as a whole.</summary>
    public const int MaxExactBytes = 8 * 1024 * 1024;

    /// <summary>The most lines of one answer.</summary>
    public const int MaxLines = 2000;

    /// <summary>The most characters of one answer.</summary>
    public const int MaxChars = 96 * 1024;

    /// <summary>Lines of a file that is too long to be shown whole.</summary>
    public const int PreviewLines = 100;

    private const int MaxLineChars = 2000;

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var path = WorkspacePath.Of(context.Workspace, Text(arguments, "path") ?? "");
        var file = context.Workspace.Read(path, MaxFileBytes);
        versions.Add(context.Run, file);
        var text = FileText.TryDecode(file.Content.Span);
        return Task.FromResult(context.Exact
            ? Exact(context, file, text)
            : text is null
                ? ToolResult.Ok(Binary(file))
                : Show(file, text, Number(arguments, "start_line"), Number(arguments, "end_line")));
    }

    private static ToolResult Exact(ToolContext context, WorkspaceFile file, FileText? text)
    {
        if (file.Content.Length > MaxExactBytes)
        {
            return ToolResult.Failed(
                $"{WorkspacePath.Shown(file.Path)} has {file.Content.Length:N0} bytes; a program gets files of at most {MaxExactBytes:N0}.");
        }

        var data = new FileData(
            file.Path,
            file.Version,
            text?.Text ?? "",
            text is null ? Convert.ToBase64String(file.Content.Span) : null,
            text?.Encoding ?? "binary");
        return ToolResult.Ok($"{WorkspacePath.Shown(file.Path)} (version {file.Version.Short}, {file.Content.Length:N0} bytes, {data.Encoding})")
            with { Data = Data(context, data, CairnJson.Default.FileData) };
    }

    private static string Binary(WorkspaceFile file) =>
        $"{WorkspacePath.Shown(file.Path)} (version {file.Version.Short}, {file.Content.Length:N0} bytes) is binary: "
        + $"{FileMagic.Of(file.Content.Span) ?? "unknown type"}. It is not shown.";

    private static ToolResult Show(WorkspaceFile file, FileText text, int? start, int? end)
    {
        var lines = Lines(text.Text);
        if (start > Math.Max(1, lines.Count) || end < (start ?? 1))
        {
            return ToolResult.Failed(
                $"There are no lines {start ?? 1} to {end?.ToString(CultureInfo.InvariantCulture) ?? "the end"}: "
                + $"{WorkspacePath.Shown(file.Path)} has {lines.Count} lines.");
        }

        var whole = start is null && end is null;
        var tooLong = whole && (lines.Count > MaxLines || text.Text.Length > MaxChars);
        var from = (start ?? 1) - 1;
        var to = Math.Min(lines.Count, Math.Min(end ?? int.MaxValue, from + (tooLong ? PreviewLines : MaxLines)));
        var body = new StringBuilder();
        var at = from;
        for (; at < to && body.Length < MaxChars; at++)
        {
            Append(body, at + 1, lines[at]);
        }

        var header = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{WorkspacePath.Shown(file.Path)} (version {file.Version.Short}, ")
            .Append(lines.Count == 0 ? "empty" : string.Create(CultureInfo.InvariantCulture, $"lines {from + 1}-{at} of {lines.Count}"))
            .Append(text.Form == TextForm.Utf8 ? "" : $", {text.Encoding}")
            .Append(text.IsMixed ? ", mixed line endings" : text.IsCrLf ? ", CRLF" : "")
            .Append(lines.Count > 0 && !text.Text.EndsWith('\n') ? ", no newline at the end" : "")
            .Append(")\n");
        if (tooLong)
        {
            body.Append(CultureInfo.InvariantCulture, $"[The file is too long to be shown whole: {lines.Count} lines, {file.Content.Length:N0} bytes. ")
                .Append(CultureInfo.InvariantCulture, $"A range is required: give start_line and end_line, at most {MaxLines} lines at once.]\n");
        }
        else if (at < Math.Min(lines.Count, end ?? int.MaxValue))
        {
            body.Append(CultureInfo.InvariantCulture, $"[Cut here; go on with start_line {at + 1}.]\n");
        }

        var mark = new FileMark(file.Path, file.Version);
        return ToolResult.Ok(header.Append(body).ToString().TrimEnd('\n')) with
        {
            Context = new ContextReport { Files = [from == 0 && at == lines.Count ? mark : mark with { From = from + 1, To = at }] },
        };
    }

    private static void Append(StringBuilder body, int number, ReadOnlyMemory<char> line)
    {
        body.Append(CultureInfo.InvariantCulture, $"{number,6}\t");
        body.Append(line.Span[..Math.Min(line.Length, MaxLineChars)]);
        if (line.Length > MaxLineChars)
        {
            body.Append(CultureInfo.InvariantCulture, $" … [{line.Length - MaxLineChars} more characters in this line]");
        }

        body.Append('\n');
    }

    // Lines end with LF; a CR before it belongs to the ending. What follows the last LF is a line only when it is not empty.
    private static List<ReadOnlyMemory<char>> Lines(string text)
    {
        var lines = new List<ReadOnlyMemory<char>>();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end;
            var length = end - start;
            lines.Add(text.AsMemory(start, length > 0 && end < text.Length && text[end - 1] == '\r' ? length - 1 : length));
            start = end + 1;
        }

        return lines;
    }
}
