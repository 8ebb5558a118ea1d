using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>An unchanged program that a run is the work of.</summary>
/// <param name="Command">Program and arguments as the user gave them; the program is an absolute path.</param>
/// <param name="Profile">How it is told where its model is: codex, opencode, claude, or generic.</param>
public sealed record GuestSpec(ImmutableArray<string> Command, string Profile)
{
    /// <inheritdoc/>
    public bool Equals(GuestSpec? other) => other is not null && Profile == other.Profile && Command.AsSpan().SequenceEqual(other.Command.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Profile, Command.Length);
}

/// <summary>What a call took of the run's budget.</summary>
/// <param name="Usage">Tokens as the provider counted them.</param>
/// <param name="Usd">Their price; 0 when it is unknown.</param>
public sealed record CallSpending(ModelUsage Usage, decimal Usd)
{
    /// <summary>Nothing was left for it, so that it was not made and the run ends: why; null when it was made.</summary>
    public string? Refusal { get; init; }
}
