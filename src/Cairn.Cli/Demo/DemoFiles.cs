using System.Reflection;

namespace Cairn.Cli.Demo;

/// <summary>What the demo ships: a small project with failing tests, and the recorded answers of its model.</summary>
internal static class DemoFiles
{
    private const string Project = "Demo/till/";

    private static readonly Assembly Own = typeof(DemoFiles).Assembly;

    /// <summary>The text of a recording; null when there is none of that name.</summary>
    public static string? Recording(string name)
    {
        using var stream = Own.GetManifestResourceStream($"Demo/{name}.yaml");
        if (stream is null)
        {
            return null;
        }

        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Writes the project into a directory.</summary>
    public static void WriteProject(string directory)
    {
        foreach (var name in Own.GetManifestResourceNames().Where(n => n.StartsWith(Project, StringComparison.Ordinal)))
        {
            var path = Path.Combine(directory, name[Project.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var from = Own.GetManifestResourceStream(name)!;
            using var to = File.Create(path);
            from.CopyTo(to);
        }
    }
}
