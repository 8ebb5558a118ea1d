using Mono.Cecil;

namespace Cairn.Tests.Architecture;

/// <summary>The repository that these tests were built from, and what was built from it.</summary>
internal static class SourceTree
{
    private static readonly string[] Generated = ["bin", "obj", "artifacts", "node_modules", ".git"];

    /// <summary>The folder with the solution in it.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Debug or Release, as this assembly was built.</summary>
    private static string Configuration { get; } =
        new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Parent!.Name;

    /// <summary>The projects under some folders, sorted.</summary>
    public static IEnumerable<Project> Projects(params string[] folders) =>
        Files(folders).Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)).Select(path => new Project(path));

    /// <summary>Every file under some folders but what a build makes: paths from the root, sorted.</summary>
    public static IEnumerable<string> Files(params string[] folders) =>
        folders.Select(folder => Path.Combine(Root, folder))
            .Where(Directory.Exists)
            .SelectMany(Walk)
            .Select(path => Path.GetRelativePath(Root, path))
            .Order(StringComparer.Ordinal);

    /// <summary>The C# files under some folders.</summary>
    public static IEnumerable<SourceFile> CSharp(params string[] folders) =>
        Files(folders).Where(path => path.EndsWith(".cs", StringComparison.Ordinal)).Select(Read);

    /// <summary>A text file with its path from the root.</summary>
    public static SourceFile Read(string path) => new(path, File.ReadAllLines(Path.Combine(Root, path)));

    /// <summary>Fails with the violations as text, so that a red test says all that is to be mended.</summary>
    public static void AssertNone(IEnumerable<string> violations)
    {
        var found = violations.ToList();
        Assert.True(found.Count == 0, $"{found.Count} to mend:\n  {string.Join("\n  ", found)}");
    }

    /// <summary>One project of the solution.</summary>
    /// <param name="Path">Its csproj, from the root.</param>
    public sealed record Project(string Path)
    {
        public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

        private string Folder => System.IO.Path.Combine(Root, System.IO.Path.GetDirectoryName(Path)!);

        public string Text => File.ReadAllText(System.IO.Path.Combine(Root, Path));

        /// <summary>The XML documentation file that the compiler wrote.</summary>
        public string Documentation => System.IO.Path.ChangeExtension(Output, ".xml");

        private string Output =>
            System.IO.Path.Combine(Folder, "bin", Configuration, "net10.0", (AssemblyName ?? Name) + ".dll");

        private string? AssemblyName => System.Xml.Linq.XDocument.Parse(Text).Descendants("AssemblyName").FirstOrDefault()?.Value;

        /// <summary>Opens what was built from it, with the places in the source.</summary>
        public ModuleDefinition Open() =>
            File.Exists(Output)
                ? OpenModule(Output)
                : throw new InvalidOperationException($"{Path} has not been built as {Configuration}; `./cairn test` builds everything first.");
    }

    /// <summary>Opens an assembly with its symbols; references are looked for beside it and in the runtime.</summary>
    public static ModuleDefinition OpenModule(string path)
    {
        var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(Path.GetDirectoryName(path));
        resolver.AddSearchDirectory(AppContext.BaseDirectory);
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
        return ModuleDefinition.ReadModule(path, new ReaderParameters { AssemblyResolver = resolver, ReadSymbols = true, InMemory = true });
    }

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            yield return file;
        }

        foreach (var inner in Directory.EnumerateDirectories(folder).Where(inner => !Generated.Contains(Path.GetFileName(inner))))
        {
            foreach (var file in Walk(inner))
            {
                yield return file;
            }
        }
    }

    private static string FindRoot(string from)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cairn.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Cairn.slnx above {from}.");
    }
}

/// <summary>A text file: its path from the root and its lines.</summary>
internal sealed record SourceFile(string Path, string[] Lines)
{
    /// <summary>The file's name without folder and extension.</summary>
    public string Stem => System.IO.Path.GetFileNameWithoutExtension(Path);
}
