using System.Text;
using Cairn.Memory.Grounding;

namespace Cairn.Tests.Integration.Code;

/// <summary>The files of one commit, read from a repository without a working copy.</summary>
internal sealed class CommitTree : IGroundView
{
    private readonly CommitReader _git;
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal) { "" };

    public CommitTree(CommitReader git, string commit)
    {
        _git = git;
        foreach (var line in git.Run("ls-tree", "-r", "-z", "--full-tree", commit).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            var (kind, path) = (line[..tab].Split(' '), line[(tab + 1)..]);
            if (kind[1] == "blob")
            {
                _files[path] = kind[2];
            }
            else
            {
                _folders.Add(path);
            }

            for (var slash = path.LastIndexOf('/'); slash > 0 && _folders.Add(path[..slash]); slash = path.LastIndexOf('/', slash - 1))
            {
            }
        }
    }

    public IReadOnlyCollection<string> Paths => _files.Keys;

    public bool Exists(string path) => _files.ContainsKey(path) || _folders.Contains(path);

    public string? Text(string path) =>
        _files.TryGetValue(path, out var id) && _git.Blob(id) is { } bytes && !bytes.AsSpan(0, Math.Min(8000, bytes.Length)).Contains((byte)0) ? Encoding.UTF8.GetString(bytes) : null;

    public BlobHash VersionOf(string path) => _files.TryGetValue(path, out var id) ? BlobHash.OfText(id) : default;

    public IReadOnlyCollection<string>? Importers(string path) => null;
}
