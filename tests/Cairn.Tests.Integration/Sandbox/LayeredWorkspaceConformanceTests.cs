using Cairn.Tests.Sandbox;

namespace Cairn.Tests.Integration.Sandbox;

public sealed class LayeredWorkspaceConformanceTests : WorkspaceConformance, IDisposable
{
    private readonly SandboxFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    protected override IWorkspace Open(string run, LayerId? top = null) => _fixture.Store.Open(RunId.Parse(run), _fixture.Repository, top);
}
