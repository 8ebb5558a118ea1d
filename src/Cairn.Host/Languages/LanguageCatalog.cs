using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>A language server that Cairn knows, and what became of looking for it.</summary>
/// <param name="Language">The languages, for people.</param>
/// <param name="Server">How it is started; null when it is not there.</param>
/// <param name="Detail">Where it was found, or the mend.</param>
internal sealed record KnownLanguage(string Language, LanguageServer? Server, string Detail);

/// <summary>
/// Finds the language servers that Cairn knows on the user's PATH, and what the sandbox has to see for them to run: programs of npm lie in directories
/// of their own, and their interpreter perhaps too.
/// </summary>
internal sealed class LanguageCatalog(Func<string, string?> environment)
{
    private const int MaxVisited = 3000;
    private const int MaxDepth = 6;

    private static readonly ImmutableArray<Known> All =
    [
        new("Python", "pyright", "pyright-langserver", ["--stdio"], [(".py", "python"), (".pyi", "python")], "npm install -g pyright"),
        new("TypeScript and JavaScript", "typescript-language-server", "typescript-language-server", ["--stdio"],
            [(".ts", "typescript"), (".mts", "typescript"), (".cts", "typescript"), (".tsx", "typescriptreact"), (".js", "javascript"), (".mjs", "javascript"), (".cjs", "javascript"), (".jsx", "javascriptreact")],
            "npm install -g typescript@5 typescript-language-server@4")
        {
            Options = """{"disableAutomaticTypingAcquisition":true}""",
        },
        new("C and C++", "clangd", "clangd", ["--background-index=false", "--log=error"],
            [(".c", "c"), (".h", "c"), (".cc", "cpp"), (".cpp", "cpp"), (".cxx", "cpp"), (".hh", "cpp"), (".hpp", "cpp"), (".hxx", "cpp")], "apt-get install clangd")
        {
            PerFile = true,
        },
        new("Go", "gopls", "gopls", [], [(".go", "go")], "apt-get install gopls golang-go")
        {
            Needs = "go",

            // There is no network, and what the go command builds to look at code lies in a directory that is empty at first.
            Environment = [("GOPROXY", "off"), ("GOCACHE", "/tmp/go-build"), ("GOPATH", "/tmp/go")],
        },
    ];

    /// <summary>The names of the servers that Cairn knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(k => k.Name)];

    /// <summary>Looks for each.</summary>
    public IReadOnlyList<KnownLanguage> Find() => [.. All.Select(Find)];

    /// <summary>The servers that are there, for the languages that a workspace has files of. Only so many files are looked at.</summary>
    public ImmutableArray<LanguageServer> Of(IWorkspace workspace)
    {
        var servers = Find().Select(k => k.Server).OfType<LanguageServer>().ToList();
        if (servers.Count == 0)
        {
            return [];
        }

        var ends = Ends(workspace);
        return [.. servers.Where(s => s.Files.Keys.Any(ends.Contains))];
    }

    /// <summary>The ends of the names of files, breadth first.</summary>
    private static HashSet<string> Ends(IWorkspace workspace)
    {
        var ends = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<(string Path, int Depth)>([("", 0)]);
        var visited = 0;
        while (visited < MaxVisited && queue.TryDequeue(out var at))
        {
            foreach (var entry in Children(workspace, at.Path))
            {
                var name = entry.Path[(entry.Path.LastIndexOf('/') + 1)..];
                if (++visited > MaxVisited)
                {
                    break;
                }

                if (entry.Kind == EntryKind.Directory && at.Depth < MaxDepth && name != "node_modules" && !name.StartsWith('.'))
                {
                    queue.Enqueue((entry.Path, at.Depth + 1));
                }
                else if (entry.Kind == EntryKind.File)
                {
                    ends.Add(Path.GetExtension(name));
                }
            }
        }

        return ends;
    }

    private static IReadOnlyList<WorkspaceEntry> Children(IWorkspace workspace, string path)
    {
        try
        {
            return workspace.List(path);
        }
        catch (WorkspaceException)
        {
            return [];
        }
    }

    private KnownLanguage Find(Known known)
    {
        if (ProgramPlace.Find(known.Program, environment) is not { } found)
        {
            return new(known.Language, null, $"{known.Program} is not installed: {known.Mend}");
        }

        if (known.Needs is { } need && ProgramPlace.Find(need, environment) is null)
        {
            return new(known.Language, null, $"{known.Program} needs {need}, which is not installed: {known.Mend}");
        }

        var place = ProgramPlace.Resolve(found, environment);
        var server = new LanguageServer(
            known.Name, known.Files.ToImmutableSortedDictionary(f => f.End, f => f.Language, StringComparer.Ordinal), [.. place.Command, .. known.Arguments])
        {
            Mounts = place.Mounts,
            Options = known.Options,
            PerFile = known.PerFile,
            Environment = known.Environment.ToImmutableSortedDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal),
        };
        return new(known.Language, server, found);
    }

    private sealed record Known(
        string Language, string Name, string Program, ImmutableArray<string> Arguments, ImmutableArray<(string End, string Language)> Files, string Mend)
    {
        public string? Options { get; init; }

        public bool PerFile { get; init; }

        public string? Needs { get; init; }

        public ImmutableArray<(string Name, string Value)> Environment { get; init; } = [];
    }
}
