using System.Diagnostics;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation;

namespace Cairn.Sandbox.Layers;

/// <summary>Copies an open layer with all that overlayfs put there: owners, modes, attributes, the devices that mark deletions.</summary>
internal static class TreeCopy
{
    /// <summary>Copies a tree within the state directory, durably. Where the file system can, blocks are shared.</summary>
    public static void Copy(LayerFiles files, string from, string to)
    {
        var info = new ProcessStartInfo(ProcessLauncher.Find("cp"), ["-a", "--reflink=auto", "--", from, to])
        {
            WorkingDirectory = files.Path, RedirectStandardError = true, UseShellExecute = false,
        };
        using var process = Process.Start(info) ?? throw new IOException("cp cannot be started.");
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        // A file that a program removed meanwhile is not part of the copy.
        if (process.ExitCode != 0 && error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Any(l => !l.Contains("No such file or directory", StringComparison.Ordinal)))
        {
            throw new WorkspaceException(FileProblem.Io, $"The files that shells hold cannot be copied: {error.Split('\n')[0]}");
        }

        using var copy = files.OpenTree(to);
        LinuxError.Check(LinuxCalls.SyncFilesystem(copy.Handle), "sync", to);
    }
}
