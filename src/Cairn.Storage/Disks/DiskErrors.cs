namespace Cairn.Storage;

/// <summary>The error numbers that the engine tells apart; an <see cref="IOException"/> carries them in its HResult.</summary>
internal static class DiskErrors
{
    public const int InputOutput = 5;
    public const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static bool IsFull(Exception e) => e is IOException && e.HResult is NoSpace or QuotaExceeded or WindowsDiskFull;

    /// <summary>What a caller is told when a commit failed: the directory, what it means and the mend.</summary>
    public static IOException Explain(string directory, Exception cause) => IsFull(cause)
        ? new IOException(
            $"The disk that holds the state directory {directory} is full: nothing of this step was recorded. " +
            "Free some space there (or enlarge the disk), then resume the run.", cause) { HResult = NoSpace }
        : new IOException(
            $"The disk failed under the state directory {directory}: {cause.Message} Nothing of this step was recorded. " +
            "Check the disk (kernel log, smartctl), then resume the run.", cause) { HResult = cause.HResult };
}
