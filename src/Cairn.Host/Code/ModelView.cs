using Cairn.Abstractions;
using Cairn.Memory.Indexing;

namespace Cairn.Host;

/// <summary>A run's files at one layer with their model.</summary>
internal sealed class ModelView(CodeModel model, IWorkspace workspace) : IAsyncDisposable
{
    public CodeModel Model => model;

    public string Root => workspace.Root;

    public ValueTask DisposeAsync() => workspace.DisposeAsync();
}
