using Cairn.Storage;

namespace Cairn.Tests.Storage;

public sealed class SimulatedJournalTests : JournalConformance
{
    protected override IDisk Disk { get; } = new SimulatedDisk(3);

    protected override string Root => "/";
}
