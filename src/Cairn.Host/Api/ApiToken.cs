using System.Security.Cryptography;
using System.Text;

namespace Cairn.Host;

/// <summary>The secret that a client needs over TCP: random, in a file that only its user can read.</summary>
internal sealed class ApiToken
{
    public const string FileName = "api-token";
    private const UnixFileMode OnlyUs = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int Bytes = 32;
    private readonly byte[] _hash;

    private ApiToken(string token) => _hash = SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>The token of a state directory; it is made when there is none.</summary>
    public static ApiToken Open(string stateDirectory)
    {
        var path = Path.Combine(stateDirectory, FileName);
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("Cairn's daemon needs Linux.");
        }

        if (!File.Exists(path))
        {
            // Written whole under another name first: a kill never leaves a token of half its length.
            var fresh = path + ".new";
            File.Delete(fresh);
            using (var file = new FileStream(fresh, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OnlyUs }))
            {
                file.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes))));
                file.Flush(flushToDisk: true);
            }

            File.Move(fresh, path);
        }

        if ((File.GetUnixFileMode(path) & ~OnlyUs) != 0)
        {
            throw new UserException($"Others can read {path}: delete it (a new token is made), or chmod 600 it when you know that nobody did.");
        }

        var token = File.ReadAllText(path).Trim();
        return token.Length >= Bytes * 2
            ? new(token)
            : throw new UserException($"{path} holds no token of at least {Bytes * 2} characters: delete it, and a new one is made.");
    }

    /// <summary>Compares in constant time whatever is presented.</summary>
    public bool Accepts(string? authorization)
    {
        const string Scheme = "Bearer ";
        var token = authorization is not null && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..] : "";
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(token)), _hash);
    }
}
