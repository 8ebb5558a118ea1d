using Cairn.Storage;

namespace Cairn.Tests.Storage;

public sealed class PosixJournalTests : JournalConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override IDisk Disk { get; } = new PosixDisk();

    protected override string Root => _directory.Path;

    protected override void Dispose(bool disposing)
    {
        _directory.Dispose();
        base.Dispose(disposing);
    }
}
