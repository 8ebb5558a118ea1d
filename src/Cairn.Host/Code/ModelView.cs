using System.Collections.Concurrent;
using System.Text;
using Cairn.Abstractions;
using Cairn.Memory.Grounding;
using Cairn.Memory.Indexing;

namespace Cairn.Host;

/// <summary>A run's files at one layer with their model.</summary>
internal sealed class ModelView(CodeModel model, IWorkspace workspace) : IGroundView, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, (string? Text, BlobHash Version)> _read = new(StringComparer.Ordinal);

    public CodeModel Model => model;

    public string Root => workspace.Root;

    public IReadOnlyCollection<string> Paths { get; } = [.. model.Paths];

    public bool Exists(string path)
    {
        try
        {
            return workspace.Stat(path) is not null;
        }
        catch (WorkspaceException)
        {
            // It leads out of the repository, and what is there is nobody's business here.
            return true;
        }
    }

    public string? Text(string path) => Read(path).Text;

    public BlobHash VersionOf(string path) => model.VersionOf(path) ?? Read(path).Version;

    public IReadOnlyCollection<string>? Importers(string path) => model.ImportersOf(path);

    public ValueTask DisposeAsync() => workspace.DisposeAsync();

    private (string? Text, BlobHash Version) Read(string path) => _read.GetOrAdd(path, _ =>
    {
        try
        {
            var file = workspace.Read(path, CodeIndexer.MaxFileBytes);
            var bytes = file.Content.Span;
            return (bytes[..Math.Min(bytes.Length, 8000)].Contains((byte)0) ? null : Encoding.UTF8.GetString(bytes), file.Version);
        }
        catch (WorkspaceException)
        {
            return (null, default);
        }
    });
}
