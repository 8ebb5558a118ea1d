using System.Collections.Frozen;
using System.Xml.Linq;

namespace Cairn.Tests.Architecture;

/// <summary>Which project may use which: dependencies point one way.</summary>
internal static class ProjectTable
{
    private static readonly string[] Everything =
    [
        "Cairn.Abstractions", "Cairn.Kernel", "Cairn.Storage", "Cairn.Sandbox", "Cairn.Tools",
        "Cairn.Memory", "Cairn.Models", "Cairn.Evals", "Cairn.Sdk",
    ];

    /// <summary>The projects under src, each with those that it may use. A project that is not here may not exist.</summary>
    public static FrozenDictionary<string, string[]> Allowed { get; } = new Dictionary<string, string[]>
    {
        ["Cairn.Abstractions"] = [],
        ["Cairn.Kernel"] = ["Cairn.Abstractions"],
        ["Cairn.Storage"] = ["Cairn.Abstractions"],
        ["Cairn.Sandbox"] = ["Cairn.Abstractions"],
        ["Cairn.Tools"] = ["Cairn.Abstractions"],
        ["Cairn.Memory"] = ["Cairn.Abstractions"],
        ["Cairn.Models"] = ["Cairn.Abstractions"],
        ["Cairn.Evals"] = ["Cairn.Abstractions"],
        ["Cairn.Sdk"] = ["Cairn.Abstractions"],
        ["Cairn.Host"] = Everything,
        ["Cairn.Dashboard"] = ["Cairn.Sdk"],
        ["Cairn.Cli"] = ["Cairn.Sdk", "Cairn.Host"],
    }.ToFrozenDictionary();

    /// <summary>What a sample may use: what a user of Cairn would.</summary>
    public static string[] AllowedToSamples { get; } = ["Cairn.Sdk"];

    /// <summary>What a csproj may not say.</summary>
    public static IEnumerable<string> CheckProject(string name, string csproj, string[] allowed)
    {
        var project = XDocument.Parse(csproj);
        foreach (var used in Includes(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'))))
        {
            if (!allowed.Contains(used))
            {
                yield return $"{name} references {used}; it may use {Words(allowed)}.";
            }
        }

        if (name == "Cairn.Abstractions")
        {
            foreach (var package in Includes(project, "PackageReference"))
            {
                yield return $"{name} uses the package {package}; the contract uses nothing.";
            }
        }
    }

    /// <summary>
    /// What compiled code may not reference. The contract is visible through every project that builds on it, so it may be
    /// used wherever one of those may.
    /// </summary>
    /// <param name="name">The project.</param>
    /// <param name="references">The names of the assemblies that its code refers to.</param>
    /// <param name="allowed">The projects that it may use.</param>
    /// <param name="isFramework">Tells assemblies of .NET from those of packages.</param>
    public static IEnumerable<string> CheckAssembly(
        string name, IEnumerable<string> references, string[] allowed, Func<string, bool> isFramework)
    {
        foreach (var reference in references)
        {
            // The CLI's assembly is named for the command.
            var ours = reference.StartsWith("Cairn.", StringComparison.Ordinal) || reference == "cairn";
            if (ours && !allowed.Contains(reference) && (reference != "Cairn.Abstractions" || allowed.Length == 0))
            {
                yield return $"The code of {name} uses {reference}; it may use {Words(allowed)}.";
            }

            if (name == "Cairn.Abstractions" && !ours && !isFramework(reference))
            {
                yield return $"The code of {name} uses {reference}, which is not part of .NET.";
            }
        }
    }

    private static IEnumerable<string> Includes(XDocument project, string element) =>
        project.Descendants(element).Select(each => (string?)each.Attribute("Include")).OfType<string>();

    private static string Words(string[] allowed) => allowed.Length == 0 ? "nothing" : string.Join(", ", allowed);
}
