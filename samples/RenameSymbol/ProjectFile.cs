using System.Collections.Immutable;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Cairn.Abstractions;

namespace RenameSymbol;

/// <summary>
/// What the sample needs to know of a csproj and the props files above it. It is not MSBuild: conditions are not
/// evaluated and packages' own build files are not run, which is enough to bind names and not enough to build.
/// </summary>
internal sealed class ProjectFile
{
    /// <summary>What a build for the newest framework defines.</summary>
    public static readonly ImmutableArray<string> Symbols =
    [
        "TRACE", "NET", "NETCOREAPP", "NET10_0", .. Enumerable.Range(5, 6).Select(v => $"NET{v}_0_OR_GREATER"),
    ];

    private static readonly ImmutableArray<string> SdkUsings =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks",
    ];

    private static readonly ImmutableArray<string> Inherited = ["Directory.Build.props", "Directory.Packages.props"];

    private readonly List<XElement> _all;

    private ProjectFile(string path, XElement project, IEnumerable<XElement> inherited)
    {
        Directory = Parent(path);
        _all = [.. inherited, project];
        AssemblyName = Property("AssemblyName") ?? Path.GetFileNameWithoutExtension(path);
        Projects = [.. Items("ProjectReference").Select(Resolve)];
        var versions = Named("PackageVersion").ToLookup(e => Id(e), e => e.Attribute("Version")?.Value, StringComparer.OrdinalIgnoreCase);
        Packages = [.. Named("PackageReference").Select(e => (Id(e), e.Attribute("Version")?.Value ?? versions[Id(e)].LastOrDefault()))];
    }

    public string Directory { get; }

    public string AssemblyName { get; }

    public bool IsProgram => Property("OutputType") is "Exe" or "WinExe";

    /// <summary>Paths of the projects that it references directly.</summary>
    public List<string> Projects { get; }

    public List<(string Id, string? Version)> Packages { get; }

    public static ProjectFile Read(string path, IReadOnlyDictionary<string, FileData> files) => new(
        path,
        Parse(files[path].Text),
        Inherited.Select(name => Above(path, name, files)).OfType<XElement>());

    public bool IsAbove(string path) => Directory.Length == 0 || path.StartsWith(Directory + "/", StringComparison.Ordinal);

    /// <summary>The project names the file itself, as it does with linked files.</summary>
    public bool Compiles(string path) => Items("Compile").Any(i => Resolve(i) == path);

    /// <summary>What the build would generate: global usings and friends.</summary>
    public string SyntheticSource()
    {
        var source = new StringBuilder();
        var usings = Property("ImplicitUsings") is "enable" or "true" ? SdkUsings : [];
        foreach (var name in usings.Concat(Items("Using")).Distinct())
        {
            source.Append("global using global::").Append(name).Append(";\n");
        }

        foreach (var friend in Items("InternalsVisibleTo"))
        {
            source.Append("[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"").Append(friend).Append("\")]\n");
        }

        return source.ToString();
    }

    private static XElement? Above(string path, string name, IReadOnlyDictionary<string, FileData> files)
    {
        for (var directory = Parent(path); ; directory = Parent(directory))
        {
            if (files.TryGetValue(directory.Length == 0 ? name : $"{directory}/{name}", out var file))
            {
                return Parse(file.Text);
            }

            if (directory.Length == 0)
            {
                return null;
            }
        }
    }

    private static XElement Parse(string xml)
    {
        try
        {
            // Repositories are not trusted: no document type, so no entities from elsewhere.
            using var reader = XmlReader.Create(new StringReader(xml), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            return XElement.Load(reader);
        }
        catch (XmlException)
        {
            return new XElement("Project");
        }
    }

    private static string Parent(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";

    private static string Id(XElement item) => item.Attribute("Include")?.Value ?? "";

    private string? Property(string name) => Named(name).LastOrDefault()?.Value.Trim();

    private IEnumerable<XElement> Named(string name) => _all.SelectMany(e => e.Descendants()).Where(e => e.Name.LocalName == name);

    private IEnumerable<string> Items(string name) => Named(name).Select(Id).Where(i => i.Length > 0);

    private string Resolve(string include)
    {
        var parts = new List<string>(Directory.Split('/', StringSplitOptions.RemoveEmptyEntries));
        foreach (var part in include.Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }
}
