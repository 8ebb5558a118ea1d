using System.Diagnostics;

namespace Cairn.Cli.Terminal;

/// <summary>Our terminal while every key is somebody else's: no echo, no lines, no signals. Disposing gives it back as it was.</summary>
internal sealed class TerminalMode : IDisposable
{
    private readonly string _before;
    private bool _restored;

    private TerminalMode(string before) => _before = before;

    /// <exception cref="IOException">When there is no terminal whose mode could be set.</exception>
    public static TerminalMode Raw()
    {
        var before = Stty("-g").Trim();
        Stty("raw", "-echo");
        return new(before);
    }

    public void Dispose()
    {
        if (!_restored)
        {
            _restored = true;
            Stty(_before);
        }
    }

    private static string Stty(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/stty", ["-F", "/dev/tty", .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false })
            ?? throw new IOException("stty cannot be started.");
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? said : throw new IOException("The terminal's mode cannot be set.");
    }
}
