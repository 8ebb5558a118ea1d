using Cairn.Abstractions;

namespace Cairn.Memory.Grounding;

/// <summary>Takes what the checks of one file find.</summary>
internal sealed class FindingSink(IGroundView view, string path)
{
    private const int MaxName = 200;

    private readonly HashSet<(string Kind, string Name)> _seen = [];

    public List<GroundingFinding> Findings { get; } = [];

    /// <summary>Adds a finding; of one kind and name only the first place counts.</summary>
    public void Add(string kind, string name, int line, string text, IEnumerable<GroundingPlace> nearest, bool certain = false)
    {
        if (name.Length <= MaxName && _seen.Add((kind, name)))
        {
            Findings.Add(new(kind, name, path, line, text) { Nearest = [.. nearest.Take(3)], Certain = certain });
        }
    }

    /// <summary>Something that exists, in a file.</summary>
    public GroundingPlace Place(string name, string file, int line) => new(name, file, line, view.VersionOf(file));

    /// <summary>Files that exist.</summary>
    public IEnumerable<GroundingPlace> Files(IEnumerable<string> files) => files.Select(file => Place(file, file, 0));
}
