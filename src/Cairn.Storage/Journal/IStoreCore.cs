namespace Cairn.Storage;

/// <summary>A state directory, opened to write or only to read.</summary>
internal interface IStoreCore : IJournal, IBlobStore, IDisposable
{
    /// <summary>A run's records as they lie on disk.</summary>
    void Read(RunId run, long fromSeq, LogReader.Taker take);

    /// <summary>Records of all runs in the order of the log; see <see cref="StateStore.ReadLog"/>.</summary>
    IReadOnlyList<LoggedRecord> ReadLog(long after, int most);

    void Flush();

    void Refresh();
}
