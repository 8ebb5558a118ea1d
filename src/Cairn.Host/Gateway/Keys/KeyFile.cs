using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Cairn.Host;

/// <summary>
/// The keys of a state directory, in one small file that is replaced as a whole: a crash leaves the old one or the new one. A
/// daemon that has the directory open sees changes by the file's time, so that a revoked key is dead at once.
/// </summary>
public sealed class KeyFile(string stateDirectory, TimeProvider time)
{
    /// <summary>The most keys that are kept, revoked ones included.</summary>
    public const int MaxKeys = 10_000;

    private const string Prefix = "cairn-";
    private const string FileName = "gateway-keys.json";
    private const int SecretBytes = 24;
    private const UnixFileMode OnlyUs = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _path = Path.Combine(stateDirectory, FileName);

    /// <summary>When the file was last written, and how long it is: what tells one from the next.</summary>
    internal (DateTime Written, long Length) Stamp => new FileInfo(_path) is { Exists: true } file ? (file.LastWriteTimeUtc, file.Length) : default;

    /// <summary>The keys; none when there is no file.</summary>
    /// <exception cref="InvalidDataException">When the file cannot be read: then no key is good.</exception>
    public IReadOnlyList<GatewayKey> Load()
    {
        try
        {
            return File.Exists(_path) ? JsonSerializer.Deserialize(File.ReadAllBytes(_path), GatewayJson.Default.IReadOnlyListGatewayKey) ?? [] : [];
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{_path} cannot be read: {e.Message} Until it is mended no key is good; deleting it revokes all keys.", e);
        }
    }

    /// <summary>Makes a key.</summary>
    /// <param name="make">Fills in what it opens.</param>
    /// <exception cref="UserException">When there are too many keys.</exception>
    public NewKey Create(Func<GatewayKey, GatewayKey> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        var secret = Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));
        GatewayKey key = null!;
        Change(keys =>
        {
            if (keys.Count >= MaxKeys)
            {
                throw new UserException($"There are {MaxKeys} keys already: delete revoked ones from {_path}.");
            }

            string id;
            do
            {
                id = "k" + RandomNumberGenerator.GetHexString(8, lowercase: true);
            }
            while (keys.Any(k => k.Id == id));
            key = make(new(id, HashOf(secret), KeyOwner.Agent, "", time.GetUtcNow()));
            return [.. keys, key];
        });
        return new(key, secret);
    }

    /// <summary>Revokes a key; requests under way end, new ones are refused.</summary>
    /// <exception cref="Sdk.NotFoundException">When there is none of that id.</exception>
    public GatewayKey Revoke(string id)
    {
        GatewayKey revoked = null!;
        Change(keys =>
        {
            var found = keys.FirstOrDefault(k => k.Id == id) ?? throw new Sdk.NotFoundException($"There is no key {id}; `cairn keys list` lists them.");
            revoked = found with { Revoked = found.Revoked ?? time.GetUtcNow() };
            return [.. keys.Select(k => k.Id == id ? revoked : k)];
        });
        return revoked;
    }

    /// <summary>The hash under which a secret is stored. Secrets are random and long: nothing slower is needed.</summary>
    internal static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private void Change(Func<IReadOnlyList<GatewayKey>, IReadOnlyList<GatewayKey>> change)
    {
        Directory.CreateDirectory(stateDirectory);
        using var held = new FileStream(_path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(change(Load()), GatewayJson.Default.IReadOnlyListGatewayKey);
        var fresh = _path + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OnlyUs;
        }

        using (var file = new FileStream(fresh, options))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, _path, overwrite: true);
    }
}
