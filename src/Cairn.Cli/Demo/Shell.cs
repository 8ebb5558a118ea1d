using System.Diagnostics;
using Cairn.Sdk;

namespace Cairn.Cli.Demo;

/// <summary>Runs git for the demo's own scratch repositories. Agents never run here.</summary>
internal static class Shell
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>Runs git in a directory and returns what it printed.</summary>
    /// <exception cref="CairnException">When it fails; the text holds what it said.</exception>
    public static async Task<string> GitAsync(string directory, CancellationToken cancellationToken, params string[] arguments)
    {
        var start = new ProcessStartInfo("git")
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] common = ["-c", "user.name=Cairn demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"];
        foreach (var argument in common.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new CairnException("git could not be started.");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Longest);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return process.ExitCode == 0
            ? await output
            : throw new CairnException($"git {string.Join(' ', arguments)} failed in {directory}: {(await error).Trim()}");
    }
}
