using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>Finds a guest's program on this machine, and what of the machine it needs to see in its sandbox.</summary>
internal static class GuestPrograms
{
    /// <summary>What every sandbox sees anyway.</summary>
    private static readonly string[] Seen = ["/usr/", "/bin/", "/sbin/", "/lib/", "/opt/"];

    /// <summary>The guest that a command line means.</summary>
    /// <exception cref="UserException">When there is no such program.</exception>
    public static GuestSpec Find(IReadOnlyList<string> command, Func<string, string?> environment)
    {
        if (command.Count == 0 || command[0].Length == 0)
        {
            throw new UserException("Name the guest's program: cairn guest -- PROGRAM ARGUMENTS.");
        }

        var named = command[0];
        var path = named.Contains('/', StringComparison.Ordinal)
            ? Path.GetFullPath(named)
            : (environment("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(d => Path.Combine(d, named)).FirstOrDefault(File.Exists);
        return path is not null && File.Exists(path)
            ? new([path, .. command.Skip(1)], GuestProfile.Of(named))
            : throw new UserException($"There is no program {SafeText.Line(named, 200)}{(named.Contains('/', StringComparison.Ordinal) ? "" : " on the PATH")}.");
    }

    /// <summary>The directories that the program needs to see beside the system: where it was installed, packages and all.</summary>
    /// <param name="program">Absolute path.</param>
    /// <param name="repository">What lies in it is seen already.</param>
    public static ImmutableArray<CommandMount> Mounts(string program, string repository)
    {
        var mounts = ImmutableArray.CreateBuilder<CommandMount>();
        foreach (var path in new[] { program, Real(program) }.Distinct(StringComparer.Ordinal))
        {
            var place = Place(path);
            if (!Seen.Any(s => place.StartsWith(s, StringComparison.Ordinal)) && !IsIn(place, repository) && !mounts.Any(m => IsIn(place, m.Target)))
            {
                mounts.Add(new(place, place));
            }
        }

        return mounts.ToImmutable();
    }

    private static string Real(string path) =>
        File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName is { } target ? target : path;

    /// <summary>All packages that npm put beside it; else the program's own directory.</summary>
    private static string Place(string path)
    {
        const string Packages = "/node_modules/";
        var at = path.IndexOf(Packages, StringComparison.Ordinal);
        return at >= 0 ? path[..(at + Packages.Length - 1)] : Path.GetDirectoryName(path)!;
    }

    private static bool IsIn(string path, string directory) => path == directory || path.StartsWith(directory + "/", StringComparison.Ordinal);
}
