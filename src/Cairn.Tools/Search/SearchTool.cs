using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Tools.Calls;
using Cairn.Tools.Files;

namespace Cairn.Tools.Search;

/// <summary>search: ripgrep over the run's view.</summary>
internal sealed class SearchTool() : DriverTool(
    "Search", "search", EffectClass.Pure, TimeSpan.FromSeconds(90),
    """{"pattern":"def \\w+_total","path":"src","glob":"*.py","case":null,"context_lines":2,"max_results":null}""", "fs.read")
{
    private const int DefaultResults = 100;
    private const int MaxOutputBytes = 4 * 1024 * 1024;
    private const int MaxAnswerChars = 64 * 1024;
    private const int MaxErrorChars = 600;
    private const int NothingFound = 1;
    private const int NoProgram = 127;

    private static readonly TimeSpan Wall = TimeSpan.FromSeconds(60);

    protected override async Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var pattern = Text(arguments, "pattern") ?? "";
        if (pattern.Length == 0 || pattern.Contains('\0', StringComparison.Ordinal) || Text(arguments, "glob")?.Contains('\0', StringComparison.Ordinal) == true)
        {
            return ToolResult.Failed("The pattern is empty or holds a NUL. Give a regular expression.");
        }

        var path = WorkspacePath.Of(context.Workspace, Text(arguments, "path") ?? "");
        if (path.Length > 0 && context.Workspace.Stat(path) is null)
        {
            throw new WorkspaceException(FileProblem.NotFound, $"{WorkspacePath.Shown(path)} does not exist.");
        }

        var command = new SandboxCommand(Command(arguments, pattern, path))
        {
            ReadOnly = true,
            Limits = new SandboxLimits { Wall = Wall, OutputBytes = MaxOutputBytes },
        };
        var result = await context.Workspace.RunAsync(command, cancellationToken);
        return Answer(context, result, pattern, Number(arguments, "max_results") ?? DefaultResults);
    }

    // Values are given as --name=value and the path after --, so that none of them can be taken for an option.
    private static ImmutableArray<string> Command(JsonElement arguments, string pattern, string path)
    {
        var command = ImmutableArray.CreateBuilder<string>();
        command.AddRange(
            "rg", "--no-config", "--color=never", "--no-heading", "--with-filename", "--line-number", "--null", "--sort=path",
            "--hidden", "--no-require-git", "--max-columns=400", "--max-columns-preview");
        command.Add(Text(arguments, "case") switch
        {
            "ignore" => "--ignore-case",
            "smart" => "--smart-case",
            _ => "--case-sensitive",
        });
        command.Add(string.Create(CultureInfo.InvariantCulture, $"--context={Number(arguments, "context_lines") ?? 0}"));
        if (Text(arguments, "glob") is { Length: > 0 } glob)
        {
            command.Add($"--glob={glob}");
        }

        command.AddRange("--glob=!.git", $"--regexp={pattern}", "--", path.Length == 0 ? "./" : "./" + path);
        return command.ToImmutable();
    }

    private static ToolResult Answer(ToolContext context, SandboxResult result, string pattern, int limit)
    {
        var found = RipgrepOutput.Parse(result.Output);
        if (found.Count == 0 && result.ExitCode != 0)
        {
            return result switch
            {
                { ExitCode: NothingFound } => Nothing(context, pattern),
                { TimedOut: true } => new ToolResult(ToolStatus.TimedOut, $"The search was stopped after {Wall.TotalSeconds} s; narrow it with path or glob."),
                { ExitCode: NoProgram } => ToolResult.Failed("ripgrep (rg) is not installed in the sandbox's system; `cairn doctor` says how to mend that."),
                _ => ToolResult.Failed($"The search failed: {SafeText.ForModel(result.Error.Trim(), MaxErrorChars)}"),
            };
        }

        var (text, shown) = Show(found, limit);
        var total = found.Count(f => f.IsMatch);
        if (total == 0)
        {
            return Nothing(context, pattern);
        }

        var complete = shown.Length == total && result.LimitHit is null;
        var files = found.Where(f => f.IsMatch).Select(f => f.Path).Distinct(StringComparer.Ordinal).Count();
        var head = complete
            ? $"{total} {(total == 1 ? "match" : "matches")} in {files} {(files == 1 ? "file" : "files")}"
            : $"{shown.Length} of {(result.LimitHit is null ? "" : "at least ")}{total} matches, in {files} {(files == 1 ? "file" : "files")} (narrow the search to see the rest)";
        return ToolResult.Ok($"{head}\n{text}") with
        {
            Data = Data(context, new SearchData(shown, complete), CairnJson.Default.SearchData),
        };
    }

    private static ToolResult Nothing(ToolContext context, string pattern) =>
        ToolResult.Ok($"Nothing matches {SafeText.Line(pattern, 200)}") with
        {
            Data = Data(context, new SearchData([], true), CairnJson.Default.SearchData),
        };

    private static (string Text, ImmutableArray<SearchMatch> Shown) Show(List<FoundLine> found, int limit)
    {
        var text = new StringBuilder();
        var shown = ImmutableArray.CreateBuilder<SearchMatch>();
        foreach (var line in found)
        {
            if (line.IsMatch && (shown.Count == limit || text.Length > MaxAnswerChars))
            {
                break;
            }

            if (line.IsGap)
            {
                text.Append("--\n");
                continue;
            }

            if (line.IsMatch)
            {
                shown.Add(new SearchMatch(line.Path, line.Line, line.Text));
            }

            text.Append(CultureInfo.InvariantCulture, $"{WorkspacePath.Shown(line.Path)}{(line.IsMatch ? ':' : '-')}{line.Line}{(line.IsMatch ? ':' : '-')} {line.Text}\n");
        }

        return (text.ToString().TrimEnd('\n'), shown.ToImmutable());
    }
}
