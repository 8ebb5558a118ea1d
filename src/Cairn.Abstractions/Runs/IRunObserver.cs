namespace Cairn.Abstractions;

/// <summary>Told of what happens in a run while it happens; for display only.</summary>
public interface IRunObserver
{
    /// <summary>Records became durable.</summary>
    void Recorded(JournalRecord record);

    /// <summary>A piece of a model's answer arrived.</summary>
    void ModelDelta(RunId run, ModelDelta delta);

    /// <summary>A tool or the judge printed something.</summary>
    void Output(RunId run, string text);
}
