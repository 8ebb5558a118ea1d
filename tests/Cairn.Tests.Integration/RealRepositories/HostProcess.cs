using System.Diagnostics;
using System.Text;

namespace Cairn.Tests.Integration.RealRepositories;

/// <summary>How a program on the host ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Standard output and error, mixed as they came.</param>
internal sealed record HostResult(int ExitCode, string Output)
{
    /// <summary>The result itself when the program succeeded.</summary>
    /// <exception cref="InvalidOperationException">When it did not; the text holds what it printed.</exception>
    public HostResult OrThrow(string what) =>
        ExitCode == 0 ? this : throw new InvalidOperationException($"{what} failed with exit code {ExitCode}:\n{Output}");
}

/// <summary>Runs programs on the host, outside any sandbox: for fetching and for laying out what tests work on.</summary>
internal static class HostProcess
{
    private const int MaxOutputChars = 4 * 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Runs a program without input and waits for it; it is killed with its children after ten minutes.</summary>
    public static async Task<HostResult> RunAsync(
        string directory, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken, params string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        process.StandardInput.Close();
        var output = new StringBuilder();
        try
        {
            await Task.WhenAll(
                DrainAsync(process.StandardOutput, output, limit.Token),
                DrainAsync(process.StandardError, output, limit.Token),
                process.WaitForExitAsync(limit.Token));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new HostResult(process.ExitCode, output.ToString());
    }

    private static async Task DrainAsync(StreamReader reader, StringBuilder output, CancellationToken cancellationToken)
    {
        var buffer = new char[8192];
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellationToken)) > 0)
        {
            lock (output)
            {
                output.Append(buffer, 0, Math.Min(read, MaxOutputChars - output.Length));
            }
        }
    }
}
