using Cairn.Abstractions;

namespace Cairn.Tools.Git;

/// <summary>The driver of git: it reads only, in the sandbox, over the run's view and the repository's own history.</summary>
internal static class GitDriver
{
    public static IEnumerable<ITool> Tools() => [new GitStatusTool(), new GitDiffTool(), new GitLogTool(), new GitBlameTool()];
}
