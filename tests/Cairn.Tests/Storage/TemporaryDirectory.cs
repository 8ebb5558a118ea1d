namespace Cairn.Tests.Storage;

/// <summary>A directory of the real disk that goes away with the test.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cairn-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
