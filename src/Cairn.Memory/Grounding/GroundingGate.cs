using System.Collections.Immutable;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Memory.Grounding;

/// <summary>
/// Checks the names in an agent's actions against the state that they work on. Pure: the same action and the same state have
/// the same findings. It rather misses a wrong name than doubts a right one.
/// </summary>
public static class GroundingGate
{
    /// <summary>The most files of one change that are looked at.</summary>
    public const int MaxFiles = 200;

    private const int MaxDependents = 60;

    /// <summary>What is wrong with a command before it is run.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="directory">Where it runs, relative to the repository; "" for its root.</param>
    /// <param name="view">The state.</param>
    public static ImmutableArray<GroundingFinding> Command(string line, string directory, IGroundView view)
    {
        ArgumentNullException.ThrowIfNull(line);
        ArgumentNullException.ThrowIfNull(view);
        var sink = new FindingSink(view, "");
        new CommandCheck(view, new PathTree(view)).Check(line, directory, sink);
        return [.. sink.Findings.Take(GroundingReport.MaxFindings)];
    }

    /// <summary>What is wrong after a change that was not wrong before: in the changed files, and in those that import from them.</summary>
    /// <param name="paths">The changed files.</param>
    /// <param name="before">The state before.</param>
    /// <param name="after">The state with the change.</param>
    public static ImmutableArray<GroundingFinding> Change(IReadOnlyCollection<string> paths, IGroundView before, IGroundView after)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var changed = paths.Where(path => before.VersionOf(path) != after.VersionOf(path)).Take(MaxFiles).ToList();
        var looked = changed.Concat(changed.SelectMany(path => after.Importers(path) ?? []).Take(MaxDependents)).Distinct(StringComparer.Ordinal);
        var (old, now) = (new Lazy<PathTree>(() => new(before)), new PathTree(after));
        var findings = new List<GroundingFinding>();
        foreach (var path in looked.Where(path => HasChecks(path) && !after.VersionOf(path).IsNone).Order(StringComparer.Ordinal))
        {
            var found = Problems(path, after, now);
            if (found.Count > 0)
            {
                // What was wrong before is nobody's doing now.
                var known = Problems(path, before, old.Value).Select(each => (each.Kind, each.Name)).ToHashSet();
                findings.AddRange(found.Where(each => !known.Contains((each.Kind, each.Name))));
            }
        }

        return [.. findings.OrderByDescending(each => each.Certain).Take(GroundingReport.MaxFindings)];
    }

    /// <summary>What an agent is told of findings.</summary>
    public static string Describe(IReadOnlyCollection<GroundingFinding> findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        var text = new StringBuilder();
        foreach (var finding in findings)
        {
            text.Append("- ").Append(finding.Path.Length > 0 ? $"{SafeText.Line(finding.Path, 300)}:{finding.Line}: " : "").Append(SafeText.Line(finding.Text, 500));
            if (!finding.Nearest.IsEmpty)
            {
                text.Append(" What exists: ").AppendJoin(", ", finding.Nearest.Select(Place)).Append('.');
            }

            text.Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }

    private static string Place(GroundingPlace place)
    {
        var where = place.Line > 0 ? $"{place.Path}:{place.Line}" : place.Path;
        var name = place.Name == place.Path ? where : $"{place.Name} ({where})";
        return SafeText.Line(place.Version.IsNone ? name : $"{name} @{place.Version.Short}", 300);
    }

    private static bool HasChecks(string path) => FormOf(path) is not null;

    private static string? FormOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".py" => "python",
        ".js" or ".jsx" or ".mjs" or ".cjs" or ".ts" or ".tsx" or ".mts" or ".cts" => "javascript",
        ".sql" => "sql",
        ".cs" => "csharp",
        _ => null,
    };

    private static List<GroundingFinding> Problems(string path, IGroundView view, PathTree tree)
    {
        if (view.Text(path) is not { Length: > 0 and <= ParsedFiles.MaxChars } text || IsMinified(text))
        {
            return [];
        }

        var sink = new FindingSink(view, path);
        switch (FormOf(path))
        {
            case "python":
                new PythonCheck(view, tree).Check(path, text, sink);
                new SqlCheck(view).Code(path, SourceScan.Python(text), sink);
                break;
            case "javascript":
                new JavaScriptCheck(view, tree).Check(path, text, sink);
                new SqlCheck(view).Code(path, SourceScan.JavaScript(text), sink);
                break;
            case "sql":
                new SqlCheck(view).File(path, text, sink);
                break;
            case "csharp":
                new SqlCheck(view).Code(path, SourceScan.JavaScript(text), sink);
                break;
        }

        return sink.Findings;
    }

    /// <summary>What a program wrote for programs.</summary>
    private static bool IsMinified(string text) => text.Length > 5_000 && text.Length / (text.AsSpan().Count('\n') + 1) > 400;
}
