using System.Collections.Immutable;
using System.Text;
using Cairn.Abstractions;
using Cairn.Kernel.Cedar;

namespace Cairn.Host;

/// <summary>Policies by name: the roles that Cairn ships, and files of Cedar rules.</summary>
public static class PolicyFiles
{
    /// <summary>The roles that have a policy; their tests lie beside them.</summary>
    public static readonly ImmutableArray<string> Roles = ["code-analyser", "refactorer", "deployer"];

    /// <summary>The policy of a role or file; null for null.</summary>
    /// <param name="name">A shipped role's name, else the path of a file.</param>
    /// <param name="directory">What a relative path is relative to; null for the working directory.</param>
    /// <exception cref="UserException">When there is none, or its rules cannot be read; the text names line and column.</exception>
    public static PolicyBinding? Load(string? name, string? directory = null)
    {
        if (name is null)
        {
            return null;
        }

        var role = Roles.Contains(name) ? name : null;
        var path = directory is null ? name : Path.Combine(directory, name);
        var text = role is null ? Read(path) : Shipped($"{role}.cedar");
        if (text.Length > PolicyBinding.MaxTextChars)
        {
            throw new UserException($"{path}: the policy of a run has at most {PolicyBinding.MaxTextChars} characters.");
        }

        Parse(text, role ?? path);
        return new(role ?? path, BlobHash.OfText(text), text, role);
    }

    /// <summary>Reads rules.</summary>
    /// <exception cref="UserException">When they cannot be read.</exception>
    public static PolicySet Parse(string text, string name)
    {
        var parsed = PolicySet.Parse(text, name);
        if (parsed.Policies is not { } policies)
        {
            throw new UserException(string.Join('\n', parsed.Problems));
        }

        return policies.Templates.IsEmpty
            ? policies
            : throw new UserException($"{name}:{policies.Templates[0].Line}: a policy file has no templates (?principal, ?resource): nothing would fill them.");
    }

    /// <summary>A shipped file.</summary>
    public static string Shipped(string file)
    {
        using var stream = typeof(PolicyFiles).Assembly.GetManifestResourceStream($"Policies/{file}")
            ?? throw new InvalidOperationException($"Policies/{file} is not embedded in Cairn.Host");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>A file's text.</summary>
    /// <exception cref="UserException">When it cannot be read.</exception>
    public static string Read(string path)
    {
        try
        {
            var info = new FileInfo(path);
            return info.Exists && info.Length > 4L * PolicySet.MaxTextChars
                ? throw new UserException($"{path}: a policy file has at most {PolicySet.MaxTextChars} characters.")
                : File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new UserException($"The policy {path} cannot be read: {e.Message} There are the roles {string.Join(", ", Roles)}, or the path of a file of Cedar rules.", e);
        }
    }
}
