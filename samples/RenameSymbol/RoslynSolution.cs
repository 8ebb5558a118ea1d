using Cairn.Abstractions;
using Cairn.Sdk;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.FindSymbols;
using Microsoft.CodeAnalysis.Rename;
using Microsoft.CodeAnalysis.Text;

namespace RenameSymbol;

/// <summary>
/// A workspace's C# projects as Roslyn sees them, read through the runtime. Everything is in sorted order, so that
/// the agent makes the same calls each time it runs.
/// </summary>
internal sealed class RoslynSolution
{
    private const int MaxDepth = 64;
    private const string Synthetic = "Cairn.Synthetic.g.cs";

    private readonly SortedDictionary<string, FileData> _files;

    private RoslynSolution(SortedDictionary<string, FileData> files, Solution solution) =>
        (_files, Solution) = (files, solution);

    public Solution Solution { get; }

    public static async Task<RoslynSolution> LoadAsync(AgentRuntime runtime, CancellationToken cancellationToken)
    {
        var list = (await runtime.ListFilesAsync("", MaxDepth, cancellationToken)).OrStop();
        var wanted = list.Entries
            .Where(e => e.Kind == EntryKind.File && Path.GetExtension(e.Path) is ".cs" or ".csproj" or ".props")
            .Select(e => e.Path)
            .Order(StringComparer.Ordinal);
        var files = new SortedDictionary<string, FileData>(StringComparer.Ordinal);
        foreach (var path in wanted)
        {
            files[path] = (await runtime.ReadFileAsync(path, cancellationToken)).OrStop();
        }

        var projects = files.Keys
            .Where(p => p.EndsWith(".csproj", StringComparison.Ordinal))
            .ToDictionary(p => p, p => ProjectFile.Read(p, files), StringComparer.Ordinal);
        return new RoslynSolution(files, Build(files, projects));
    }

    /// <summary>Finds a symbol that the solution declares by its full name or an end of it that is unique.</summary>
    public async Task<(ISymbol? Symbol, string Problem)> FindAsync(string name, CancellationToken cancellationToken)
    {
        var simple = name[(name.LastIndexOf('.') + 1)..];
        var declared = await SymbolFinder.FindSourceDeclarationsAsync(Solution, simple, ignoreCase: false, cancellationToken);
        var named = declared
            .Select(s => (Symbol: s, Name: NameOf(s)))
            .Where(s => s.Name == name || s.Name.EndsWith("." + name, StringComparison.Ordinal))
            .OrderBy(s => s.Name, StringComparer.Ordinal)
            .ToList();
        var exact = named.Where(s => s.Name == name).ToList();
        var found = exact.Count > 0 ? exact : named;
        var names = found.Select(s => s.Name).Distinct().ToList();
        return names.Count switch
        {
            0 => (null, $"No project in the workspace declares {name}."),
            1 => (found[0].Symbol, ""),
            _ => (null, $"{name} may be any of: {string.Join(", ", names)}. Give the full name."),
        };
    }

    /// <summary>Overloads go along; comments and strings stay as they are.</summary>
    public static SymbolRenameOptions Options(ISymbol symbol) => new(RenameOverloads: symbol is IMethodSymbol);

    /// <summary>The files that a changed solution differs in, with their new text, by path.</summary>
    public async Task<IReadOnlyList<(FileData File, string Text)>> ChangesAsync(Solution changed, CancellationToken cancellationToken)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var id in changed.GetChanges(Solution).GetProjectChanges().SelectMany(p => p.GetChangedDocuments(true)))
        {
            var document = changed.GetDocument(id)!;
            texts[document.FilePath!] = (await document.GetTextAsync(cancellationToken)).ToString();
        }

        return [.. texts.Where(t => _files.ContainsKey(t.Key)).Select(t => (_files[t.Key], t.Value))];
    }

    /// <summary>A type's own file bears its name, so it moves along.</summary>
    public static IEnumerable<string> MoveCommands(ISymbol symbol, string newName) =>
        from tree in symbol is INamedTypeSymbol ? symbol.DeclaringSyntaxReferences.Select(r => r.SyntaxTree) : []
        let path = tree.FilePath
        where Path.GetFileNameWithoutExtension(path) == symbol.Name
        let target = path[..^(symbol.Name.Length + ".cs".Length)] + newName + ".cs"
        orderby path
        select $"mv -n -- {Quoted(path)} {Quoted(target)}";

    private static string Quoted(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static string NameOf(ISymbol symbol) => symbol.ContainingSymbol switch
    {
        null or INamespaceSymbol { IsGlobalNamespace: true } => symbol.Name,
        var outer => $"{NameOf(outer)}.{symbol.Name}",
    };

    private static Solution Build(SortedDictionary<string, FileData> files, Dictionary<string, ProjectFile> projects)
    {
        var ids = projects.Keys.ToDictionary(p => p, p => ProjectId.CreateNewId(p), StringComparer.Ordinal);
        var solution = new AdhocWorkspace().CurrentSolution;
        foreach (var (path, project) in projects.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            var documents = files.Values
                .Where(f => f.Path.EndsWith(".cs", StringComparison.Ordinal) && Owns(project, f.Path, projects.Values))
                .Select(f => Document(ids[path], f.Path, f.Text))
                .Append(Document(ids[path], $"{project.Directory}/obj/{Synthetic}", project.SyntheticSource()));
            solution = solution.AddProject(ProjectInfo.Create(
                ids[path],
                VersionStamp.Default,
                project.AssemblyName,
                project.AssemblyName,
                LanguageNames.CSharp,
                compilationOptions: new CSharpCompilationOptions(
                    project.IsProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                    allowUnsafe: true,
                    nullableContextOptions: NullableContextOptions.Enable),
                parseOptions: new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.Parse, preprocessorSymbols: ProjectFile.Symbols),
                documents: documents,
                projectReferences: Closure(path, projects).Select(p => new ProjectReference(ids[p])),
                metadataReferences: References.Of(Closure(path, projects).Append(path).SelectMany(p => projects[p].Packages))));
        }

        return solution;
    }

    // The deepest project directory above a file owns it.
    private static bool Owns(ProjectFile project, string path, IEnumerable<ProjectFile> all) =>
        project.Compiles(path) || (project.IsAbove(path) && !all.Any(p => p.Directory.Length > project.Directory.Length && p.IsAbove(path)));

    private static SortedSet<string> Closure(string path, Dictionary<string, ProjectFile> projects)
    {
        var reached = new SortedSet<string>(StringComparer.Ordinal);
        var left = new Stack<string>(projects[path].Projects);
        while (left.TryPop(out var next))
        {
            if (projects.TryGetValue(next, out var project) && next != path && reached.Add(next))
            {
                project.Projects.ForEach(left.Push);
            }
        }

        return reached;
    }

    private static DocumentInfo Document(ProjectId project, string path, string text) => DocumentInfo.Create(
        DocumentId.CreateNewId(project, path),
        Path.GetFileName(path),
        loader: TextLoader.From(TextAndVersion.Create(SourceText.From(text), VersionStamp.Default, path)),
        filePath: path);
}
