using System.Security.Cryptography;
using System.Text;

namespace Cairn.Storage;

/// <summary>A key that signs receipts: ECDSA over P-256 with SHA-256. Made on request, kept in the state directory, readable by its owner only.</summary>
public sealed class ReceiptKey : IDisposable
{
    /// <summary>The file within a state directory.</summary>
    public const string FileName = "receipts.key";

    private const int MaxFileBytes = 64 * 1024;
    private readonly ECDsa _key;
    private readonly Lock _gate = new();

    private ReceiptKey(ECDsa key)
    {
        _key = key;
        PublicPem = key.ExportSubjectPublicKeyInfoPem() + "\n";
        Id = IdOf(key);
    }

    /// <summary>The first 16 digits of the SHA-256 of the public key's DER form (SubjectPublicKeyInfo).</summary>
    public string Id { get; }

    /// <summary>The public key as PEM.</summary>
    public string PublicPem { get; }

    /// <summary>Makes a new key and writes it to a file that must not exist.</summary>
    /// <exception cref="IOException">When there is one already: what it signed could no longer be checked against one key.</exception>
    public static ReceiptKey Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("Cairn needs Linux.");
        }

        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            // Never readable by others, not even for a moment; whole under its name or not there.
            var scratch = $"{path}.new-{Environment.ProcessId}";
            using (var file = new FileStream(scratch, new FileStreamOptions
            {
                Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                file.Write(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
                file.Flush(flushToDisk: true);
            }

            try
            {
                File.Move(scratch, path, overwrite: false);
            }
            catch
            {
                File.Delete(scratch);
                throw;
            }

            return new(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>Reads a private key (PEM); null when there is no such file.</summary>
    /// <exception cref="InvalidDataException">When it is no P-256 key, or others may read it.</exception>
    public static ReceiptKey? Load(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & others) != 0)
        {
            throw new InvalidDataException($"The receipts key {path} can be read or changed by others, so its signatures prove nothing: chmod 600 it, or make a new one.");
        }

        if (new FileInfo(path).Length > MaxFileBytes)
        {
            throw new InvalidDataException($"{path} is too large for a key.");
        }

        return new(FromPem(File.ReadAllText(path), path));
    }

    /// <summary>Signs a text; DER form, as openssl wants it.</summary>
    internal byte[] Sign(string text)
    {
        lock (_gate)
        {
            return _key.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    /// <summary>A key from its PEM text, public or private.</summary>
    /// <exception cref="InvalidDataException">When it is no P-256 key.</exception>
    internal static ECDsa FromPem(string pem, string name)
    {
        const string P256 = "1.2.840.10045.3.1.7";
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.ExportParameters(false).Curve.Oid.Value == P256)
            {
                return key;
            }
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new InvalidDataException($"{name} is no key in PEM form: {e.Message}", e);
        }

        key.Dispose();
        throw new InvalidDataException($"{name} is no P-256 key.");
    }

    internal static string IdOf(ECDsa key) => BlobHash.Of(key.ExportSubjectPublicKeyInfo()).Value[..16];

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
