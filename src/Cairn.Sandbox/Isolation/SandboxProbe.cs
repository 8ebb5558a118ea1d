using Cairn.Abstractions;
using Cairn.Sandbox.Layers;

namespace Cairn.Sandbox.Isolation;

internal sealed class SandboxProbe(LayerFiles files, LayerStore store)
{
    public Task<IReadOnlyList<SandboxFact>> RunAsync(CancellationToken cancellationToken) => throw new NotImplementedException(files.Path + store);
}
