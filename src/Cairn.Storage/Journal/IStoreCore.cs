namespace Cairn.Storage;

/// <summary>A state directory, opened to write or only to read.</summary>
internal interface IStoreCore : IJournal, IBlobStore, IDisposable
{
    /// <summary>A run's records as they lie on disk.</summary>
    void Read(RunId run, long fromSeq, LogReader.Taker take);

    void Flush();

    void Refresh();
}
