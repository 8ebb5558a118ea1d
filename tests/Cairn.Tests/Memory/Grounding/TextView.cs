using Cairn.Memory.Grounding;

namespace Cairn.Tests.Memory.Grounding;

/// <summary>A state that is a list of texts.</summary>
internal sealed class TextView(params (string Path, string Text)[] files) : IGroundView
{
    private readonly Dictionary<string, string> _files = files.ToDictionary(file => file.Path, file => file.Text);

    public IReadOnlyCollection<string> Paths => _files.Keys;

    public bool Exists(string path) => _files.Keys.Any(each => each == path || each.StartsWith(path + "/", StringComparison.Ordinal));

    public string? Text(string path) => _files.GetValueOrDefault(path);

    public BlobHash VersionOf(string path) => _files.TryGetValue(path, out var text) ? BlobHash.OfText(text) : default;

    public IReadOnlyCollection<string>? Importers(string path) =>
        [.. _files.Where(file => file.Key != path && file.Value.Contains(Path.GetFileNameWithoutExtension(path), StringComparison.Ordinal)).Select(file => file.Key)];

    /// <summary>What a write of one file brings.</summary>
    public IReadOnlyList<GroundingFinding> Write(string path, string? text) =>
        GroundingGate.Change([path], this, new ChangedView(this, new Dictionary<string, string?> { [path] = text }));

    public IReadOnlyList<GroundingFinding> Run(string line) => GroundingGate.Command(line, "", this);
}
