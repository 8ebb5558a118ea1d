using System.Collections.Concurrent;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace RenameSymbol;

/// <summary>
/// Reference assemblies: the running framework's own, and those of packages that lie in the NuGet folder with what they
/// depend on. What is missing leaves some names unbound; names that the solution declares are bound all the same.
/// </summary>
internal static class References
{
    private static readonly ConcurrentDictionary<string, MetadataReference> Opened = new(StringComparer.Ordinal);

    private static readonly string[] Frameworks = ["net10.0", "net9.0", "net8.0", "net7.0", "net6.0", "netstandard2.1", "netstandard2.0"];

    public static IEnumerable<MetadataReference> Of(IEnumerable<(string Id, string? Version)> packages)
    {
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var trusted = ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(p => Path.GetDirectoryName(p) == framework);
        return trusted
            .Concat(OfPackages(packages))
            .GroupBy(Path.GetFileName, StringComparer.OrdinalIgnoreCase)
            .Select(g => g.First())
            .Order(StringComparer.Ordinal)
            .Select(p => Opened.GetOrAdd(p, path => MetadataReference.CreateFromFile(path)));
    }

    private static IEnumerable<string> OfPackages(IEnumerable<(string Id, string? Version)> packages)
    {
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var left = new Queue<(string Id, string? Version)>(packages);
        while (left.TryDequeue(out var package))
        {
            var versions = Path.Combine(folder, package.Id.ToLowerInvariant());
            if (!seen.Add(package.Id) || !Directory.Exists(versions))
            {
                continue;
            }

            var root = Path.Combine(versions, package.Version ?? "");
            root = package.Version is not null && Directory.Exists(root) ? root : Directory.EnumerateDirectories(versions).Max(StringComparer.Ordinal)!;
            foreach (var dependency in Dependencies(root, package.Id))
            {
                left.Enqueue(dependency);
            }

            var lib = Frameworks.Select(f => Path.Combine(root, "lib", f)).FirstOrDefault(Directory.Exists);
            foreach (var assembly in lib is null ? [] : Directory.GetFiles(lib, "*.dll").Order(StringComparer.Ordinal).ToArray())
            {
                yield return assembly;
            }
        }
    }

    private static List<(string Id, string? Version)> Dependencies(string root, string id)
    {
        var nuspec = Path.Combine(root, id.ToLowerInvariant() + ".nuspec");
        return File.Exists(nuspec)
            ? [.. XElement.Load(nuspec).Descendants()
                .Where(e => e.Name.LocalName == "dependency")
                .Select(e => (e.Attribute("id")?.Value ?? "", e.Attribute("version")?.Value.Trim('[', ']')))]
            : [];
    }
}
