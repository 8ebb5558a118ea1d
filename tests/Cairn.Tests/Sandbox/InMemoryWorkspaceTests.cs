namespace Cairn.Tests.Sandbox;

public sealed class InMemoryWorkspaceTests : WorkspaceConformance
{
    private readonly InMemoryWorkspace _repository = Repository();

    protected override IWorkspace Open(string run, LayerId? top = null) => _repository.OpenAgain(top);

    private static InMemoryWorkspace Repository()
    {
        var repository = new InMemoryWorkspace(("readme.txt", "hello\n"), ("src/a.cs", "a\n"), ("src/deep/b.cs", "b\n"));
        repository.Put("run.sh", "#!/bin/sh\n"u8.ToArray(), 0x1ED);
        repository.PutLink("inside", "src/a.cs");
        repository.PutLink("outside", "/etc/passwd");
        repository.MakeDirectory("empty");
        return repository.AsRepository();
    }
}
