using System.Collections.Immutable;

namespace Cairn.Host;

/// <summary>A program of the user, and how it is started where only a part of the machine can be seen.</summary>
/// <param name="Command">Absolute paths, the interpreter first when it has one.</param>
/// <param name="Mounts">Directories that have to be there beside the system's own.</param>
internal sealed record ProgramPlace(ImmutableArray<string> Command, ImmutableArray<string> Mounts)
{
    private const int MaxFirstLine = 256;

    /// <summary>What every sandbox shows.</summary>
    private static readonly ImmutableArray<string> Shown = ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/opt/"];

    /// <summary>The program's place on the user's PATH; null when it is not there.</summary>
    public static string? Find(string program, Func<string, string?> environment) =>
        (environment("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Where(d => d.StartsWith('/')).Select(d => Path.Combine(d, program)).FirstOrDefault(File.Exists);

    /// <summary>How a program that was found is started in a sandbox.</summary>
    public static ProgramPlace Resolve(string found, Func<string, string?> environment)
    {
        var real = Real(found);
        if (Interpreter(real) is not { } interpreter || Find(interpreter, environment) is not { } runs)
        {
            return new([real], Missing(Path.GetDirectoryName(real)!));
        }

        var runner = Real(runs);
        return new([runner, real], [.. Missing(Package(real)).Concat(Missing(Path.GetDirectoryName(runner)!)).Distinct()]);
    }

    private static ImmutableArray<string> Missing(string directory) =>
        Shown.Any(s => (directory + "/").StartsWith(s, StringComparison.Ordinal)) ? [] : [directory];

    private static string Real(string path) => new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);

    /// <summary>The outermost node_modules directory around a script: its package needs its neighbours.</summary>
    private static string Package(string script)
    {
        const string Modules = "/node_modules/";
        var at = script.IndexOf(Modules, StringComparison.Ordinal);
        return at < 0 ? Path.GetDirectoryName(script)! : script[..(at + Modules.Length - 1)];
    }

    /// <summary>The program that a script wants, when it names one by `env`; null for anything else.</summary>
    private static string? Interpreter(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var head = new byte[MaxFirstLine];
            var line = System.Text.Encoding.Latin1.GetString(head, 0, file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)).Split('\n')[0];
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return parts is ["#!/usr/bin/env", var program, ..] && !program.StartsWith('-') ? program : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
