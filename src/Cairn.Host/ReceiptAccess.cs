using System.Text;
using Cairn.Abstractions;
using Cairn.Storage;

namespace Cairn.Host;

/// <summary>What a check of receipts found.</summary>
/// <param name="Receipts">Receipts that follow each other and are signed by the key.</param>
/// <param name="Run">The run that they are about; null when there is none.</param>
/// <param name="Key">The public key's id.</param>
/// <param name="Ended">The last receipts hold the run's end.</param>
/// <param name="Line">The first bad line, from 1; null when there is none.</param>
/// <param name="Problem">What is wrong with it; null when all is well.</param>
public sealed record ReceiptReport(int Receipts, string? Run, string Key, bool Ended, int? Line, string? Problem);

/// <summary>Signed receipts: made beside the journal, taken out, and checked without it.</summary>
public static class ReceiptAccess
{
    private const long MaxFileBytes = 1L << 30;

    /// <summary>Makes the state directory's key; from the next run or resume on, its records get receipts.</summary>
    /// <returns>The public key as PEM.</returns>
    public static string NewKey(string stateDirectory)
    {
        new PosixDisk().CreateDirectory(stateDirectory);
        var path = KeyPath(stateDirectory);
        if (File.Exists(path))
        {
            throw new UserException($"{path} exists already. Receipts that it signed could no longer be checked with one key: move it and the directory receipts away first.");
        }

        using var key = ReceiptKey.Create(path);
        return key.PublicPem;
    }

    /// <summary>The public key as PEM.</summary>
    public static string PublicKey(string stateDirectory, string? keyFile)
    {
        using var key = Key(stateDirectory, keyFile);
        return key.PublicPem;
    }

    /// <summary>
    /// Writes a run's receipts. With the state directory's own key those that were made beside the journal come first, as they
    /// are, and what a crash left out is signed now; with another key all are signed now.
    /// </summary>
    public static void Write(string stateDirectory, RunId run, string? keyFile, Stream output)
    {
        using var store = StateStore.OpenReadOnly(new PosixDisk(), stateDirectory);
        using var key = Key(stateDirectory, keyFile);
        var written = ReceiptJournal.PathOf(stateDirectory, run);
        var made = keyFile is null && File.Exists(written) ? File.ReadAllText(written) : "";
        output.Write(Encoding.UTF8.GetBytes(ReceiptIssuer.Complete(made, store.Journal.Read(run), key)));
    }

    /// <summary>Checks a file of receipts; looks at no state directory.</summary>
    public static ReceiptReport Verify(string file, string publicKeyFile, string? export, bool open)
    {
        foreach (var named in (string?[])[file, publicKeyFile, export])
        {
            if (named is not null && (!File.Exists(named) || new FileInfo(named).Length > MaxFileBytes))
            {
                throw new UserException(File.Exists(named) ? $"{named} is larger than {MaxFileBytes >> 20} MiB." : $"There is no file {named}.");
            }
        }

        using var receipts = File.OpenText(file);
        var found = ReceiptVerifier.Verify(receipts, File.ReadAllText(publicKeyFile), export is null ? null : File.ReadLines(export), open);
        return new(found.Receipts, found.Run, found.Key, found.Ended, found.Line, found.Problem);
    }

    /// <summary>The journal with receipts when the state directory has a key, else as it is.</summary>
    internal static IJournal Wrap(IJournal journal, string stateDirectory) =>
        ReceiptKey.Load(KeyPath(stateDirectory)) is { } key ? new ReceiptJournal(journal, new PosixDisk(), stateDirectory, key) : journal;

    private static ReceiptKey Key(string stateDirectory, string? keyFile) => ReceiptKey.Load(keyFile ?? KeyPath(stateDirectory))
        ?? throw new UserException(keyFile is null ? "This state directory has no receipts key: `cairn receipts --new-key` makes one." : $"There is no key {keyFile}.");

    private static string KeyPath(string stateDirectory) => Path.Combine(stateDirectory, ReceiptKey.FileName);
}
