using System.Text.RegularExpressions;

namespace Cairn.Memory.Grounding;

/// <summary>The paths of a state, arranged for the questions of the checks. Made once for each check.</summary>
internal sealed partial class PathTree
{
    private readonly HashSet<string> _files;
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal) { "" };
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly IGroundView _view;
    private HashSet<string>? _declared;

    public PathTree(IGroundView view)
    {
        _view = view;
        _files = view.Paths.ToHashSet(StringComparer.Ordinal);
        foreach (var path in _files)
        {
            for (var slash = path.LastIndexOf('/'); slash > 0 && _folders.Add(path[..slash]); slash = path.LastIndexOf('/', slash - 1))
            {
                _names.Add(path[(path.LastIndexOf('/', slash - 1) + 1)..slash]);
            }

            var name = path[(path.LastIndexOf('/') + 1)..];
            _names.Add(name.Split('.')[0]);
        }
    }

    public IEnumerable<string> PythonFiles => _files.Where(path => path.EndsWith(".py", StringComparison.Ordinal));

    public IEnumerable<string> Files => _files;

    /// <summary>Every word of the files that say what a Python project depends on, in the form of <see cref="Plain"/>.</summary>
    public HashSet<string> Declared => _declared ??= [.. Declarations.Select(_view.Text).OfType<string>().SelectMany(text => Word().Matches(text).Select(match => Plain(match.Value)))];

    /// <summary>A package's name without what its spellings differ in.</summary>
    public static string Plain(string name) => name.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal).ToLowerInvariant();

    private IEnumerable<string> Declarations => _files.Where(path => Declaration().IsMatch(path)).Order(StringComparer.Ordinal).Take(60);

    /// <summary>Some file or folder is called so, without its ending.</summary>
    public bool HasName(string name) => _names.Contains(name);

    public bool HasFile(string path) => _files.Contains(path);

    public bool HasFolder(string path) => _folders.Contains(path);

    /// <summary>The file of a Python module, by its path without ending; null when there is none.</summary>
    public string? Module(string path)
    {
        foreach (var ending in (ReadOnlySpan<string>)[".py", "/__init__.py", ".pyi", "/__init__.pyi", ".pyx", ".c", ".rs"])
        {
            if (_files.Contains(path + ending))
            {
                return path + ending;
            }
        }

        // What is left out, a build's say, counts as well, though nothing is known of it.
        return _view.Exists(path + ".py") ? path + ".py" : _view.Exists(path + "/__init__.py") ? path + "/__init__.py" : null;
    }

    [GeneratedRegex(@"[A-Za-z][\w.-]*")]
    private static partial Regex Word();

    [GeneratedRegex(@"(?:^|/)(?:[\w.-]*requirements[\w.-]*\.(?:txt|in)|requirements/[\w.-]+|pyproject\.toml|setup\.(?:py|cfg)|Pipfile|tox\.ini|environment\.ya?ml|noxfile\.py)$")]
    private static partial Regex Declaration();
}
