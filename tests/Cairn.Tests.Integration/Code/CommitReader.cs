using System.Diagnostics;
using System.Text;

namespace Cairn.Tests.Integration.Code;

/// <summary>Reads commits of a repository by git.</summary>
internal sealed class CommitReader(string repository) : IDisposable
{
    private Process? _bodies;

    public string Run(params string[] arguments)
    {
        using var process = Start(arguments);
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text;
    }

    public byte[]? Blob(string id)
    {
        _bodies ??= Start("cat-file", "--batch");
        _bodies.StandardInput.WriteLine(id);
        _bodies.StandardInput.Flush();
        var stream = _bodies.StandardOutput.BaseStream;
        var head = new StringBuilder();
        for (var c = stream.ReadByte(); c is not ('\n' or -1); c = stream.ReadByte())
        {
            head.Append((char)c);
        }

        var parts = head.ToString().Split(' ');
        if (parts.Length < 3)
        {
            return null;
        }

        var bytes = new byte[int.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture)];
        stream.ReadExactly(bytes);
        stream.ReadByte();
        return bytes;
    }

    public void Dispose()
    {
        _bodies?.Kill();
        _bodies?.Dispose();
    }

    private Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("git", ["--git-dir", repository, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
}
