using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>
/// The policy of a run: rules in the Cedar language. The text itself stands in the run's first record, so that whoever has
/// the journal can decide again, and nobody can change the rules of a run that has begun.
/// </summary>
/// <param name="Name">Where it comes from: a shipped role's name or a file's path.</param>
/// <param name="Hash">The hash of the text; each decision names it.</param>
/// <param name="Text">The rules.</param>
/// <param name="Role">The role in which the agent acts; null when it acts in none.</param>
public sealed record PolicyBinding(string Name, BlobHash Hash, string Text, string? Role)
{
    /// <summary>The most characters of a run's policy.</summary>
    public const int MaxTextChars = 64 * 1024;
}

/// <summary>Something that a call needs a permission for.</summary>
/// <param name="Action">fs.read, fs.write, proc.spawn, tool.call, …</param>
/// <param name="Kind">File, Command, Host, Tool, …</param>
/// <param name="Name">The path, program, host, tool, …</param>
/// <param name="Detail">The whole command line; null for what has none.</param>
/// <param name="Recursive">Everything beneath the path is meant.</param>
public sealed record AccessRequest(string Action, string Kind, string Name, string? Detail = null, bool Recursive = false)
{
    /// <summary>The port of a host; null for what is no host.</summary>
    public int? Port { get; init; }

    /// <summary>The HTTP method that is asked of a host: CONNECT for a tunnel; null for what is no host.</summary>
    public string? Method { get; init; }
}

/// <summary>What a policy said to a call.</summary>
/// <param name="Policy">The hash of the policy's text.</param>
/// <param name="Allowed">Everything that the call needs is permitted.</param>
/// <param name="Rules">The rules that decided; none when nothing permits it.</param>
/// <param name="Errors">Rules that could not be evaluated and were left out.</param>
public sealed record PolicyVerdict(BlobHash Policy, bool Allowed, ImmutableArray<string> Rules, ImmutableArray<string> Errors)
{
    /// <summary>By what is in the lists.</summary>
    public bool Equals(PolicyVerdict? other) =>
        other is not null && Policy == other.Policy && Allowed == other.Allowed
        && Rules.AsSpan().SequenceEqual(other.Rules.AsSpan()) && Errors.AsSpan().SequenceEqual(other.Errors.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Policy, Allowed, Rules.Length, Errors.Length);
}
