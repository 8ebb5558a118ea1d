namespace Cairn.Tests.Integration.Daemon;

/// <summary>Remembers the records that it is told of.</summary>
internal sealed class Recorder : IRunObserver
{
    public List<JournalRecord> Records { get; } = [];

    public void Recorded(JournalRecord record) => Records.Add(record);

    public void ModelDelta(RunId run, ModelDelta delta)
    {
    }

    public void Output(RunId run, string text)
    {
    }
}
