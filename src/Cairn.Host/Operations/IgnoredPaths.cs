using System.Text;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// Build outputs and caches that commands left behind: what the repository's own .gitignore names is not merged. Git
/// itself is asked, in the sandbox, because only git knows its rules exactly.
/// </summary>
internal static class IgnoredPaths
{
    private static readonly SandboxLimits Limits = new() { Wall = TimeSpan.FromSeconds(60), OutputBytes = 64 << 20 };

    public static async Task<IReadOnlySet<string>> FindAsync(
        IWorkspace workspace, IReadOnlyCollection<(string Path, bool Directory)> paths, CancellationToken cancellationToken)
    {
        if (paths.Count == 0)
        {
            return new HashSet<string>();
        }

        var command = new SandboxCommand(["git", "-c", "core.fsmonitor=false", "-c", "safe.directory=*", "check-ignore", "-z", "--stdin"])
        {
            ReadOnly = true,
            // A rule such as bin/ names directories only, and git cannot see which of these are.
            Input = Encoding.UTF8.GetBytes(string.Join('\0', paths.Select(p => p.Directory ? p.Path + "/" : p.Path))),
            Limits = Limits,
        };
        SandboxResult result;
        try
        {
            result = await workspace.RunAsync(command, cancellationToken);
        }
        catch (WorkspaceException)
        {
            // Without a sandbox nothing is known to be ignored, and so nothing is hidden.
            return new HashSet<string>();
        }

        // 0: some are ignored, 1: none is; anything else is no answer, and then everything is merged and shown.
        return result.ExitCode == 0 && result.LimitHit is null
            ? result.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(p => p.TrimEnd('/')).ToHashSet(StringComparer.Ordinal)
            : new HashSet<string>();
    }
}
