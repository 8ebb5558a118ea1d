using System.Text.Json;
using System.Text.RegularExpressions;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Git;

/// <summary>
/// git_commit: a commit on a branch of the run. Objects and branch lie in the run's layers, above the repository's .git, which
/// is not touched: a rollback takes them away, a merge leaves them out.
/// </summary>
internal sealed partial class GitCommitTool() : GitTool("git_commit", """{"message":"Fix the rounding of totals","branch":null,"paths":null}""", EffectClass.Sandboxed, "fs.write")
{
    private const int MaxMessage = 16 * 1024;
    private static readonly string Script = Embedded("Git/git_commit.sh");

    protected override async Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var message = (Text(arguments, "message") ?? "").Trim();
        if (message.Length is 0 or > MaxMessage || message.Contains('\0', StringComparison.Ordinal))
        {
            return ToolResult.Failed($"A message has 1 to {MaxMessage:N0} characters and no NUL. Nothing was committed.");
        }

        var branch = Text(arguments, "branch") ?? context.Run.Value;
        if (!Branch().IsMatch(branch) || branch.EndsWith(".lock", StringComparison.Ordinal) || branch.Contains("..", StringComparison.Ordinal))
        {
            return ToolResult.Failed($"'{SafeText.Line(branch, 80)}' cannot be a branch: give up to 100 letters, digits, '.', '_', '-', with '/' between parts. Nothing was committed.");
        }

        string[] paths = arguments.TryGetProperty("paths", out var given) && given.ValueKind == JsonValueKind.Array
            ? [.. given.EnumerateArray().Select(p => WorkspacePath.Of(context.Workspace, p.GetString() ?? ""))]
            : [];
        if (paths.FirstOrDefault(p => p == ".git" || p.StartsWith(".git/", StringComparison.Ordinal)) is { } own)
        {
            return ToolResult.Failed($"{own} belongs to the repository itself and cannot be committed.");
        }

        string[] all = paths.Length == 0 || paths.Contains("") ? ["."] : paths;
        var text = $"{message}\n\nCairn-Run: {context.Run} {context.Call}";
        return await RunAsync(
            context, Command(context, ["sh", "-c", Script, "git_commit", branch, text, .. all], withDirectory: false) with { OpensGit = true }, "", cancellationToken);
    }

    [GeneratedRegex("^(?=.{1,100}$)[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*(?<!\\.)$")]
    private static partial Regex Branch();
}
