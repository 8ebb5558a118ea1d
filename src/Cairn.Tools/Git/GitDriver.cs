using Cairn.Abstractions;

namespace Cairn.Tools.Git;

/// <summary>The driver of git, in the sandbox, over the run's view and the repository's own history, to which it adds in the run's layers only.</summary>
internal static class GitDriver
{
    public static IEnumerable<ITool> Tools() => [new GitStatusTool(), new GitDiffTool(), new GitLogTool(), new GitBlameTool(), new GitCommitTool()];
}
