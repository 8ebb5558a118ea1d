using System.Globalization;

namespace Cairn.Host.Simulation;

/// <summary>What happens at a crash point.</summary>
internal enum CrashKind
{
    /// <summary>The power fails in the middle of a disk operation.</summary>
    Disk,

    /// <summary>The power fails between two continuations.</summary>
    Step,

    /// <summary>The power fails just before (even) or just after (odd) something took effect outside the journal.</summary>
    Effect,

    /// <summary>A disk operation fails with EIO.</summary>
    Eio,

    /// <summary>A disk operation and all after it fail with ENOSPC, until space is made.</summary>
    Enospc,
}

/// <summary>Where a simulation goes wrong: written disk:17, step:40, effect:5, eio:3, enospc:9.</summary>
internal readonly record struct CrashPoint(CrashKind Kind, long Number)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Kind.ToString().ToLowerInvariant()}:{Number}");

    /// <exception cref="UserException">When the text is none.</exception>
    public static CrashPoint Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && Enum.TryParse<CrashKind>(text[..colon], ignoreCase: true, out var kind)
            && long.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new(kind, number)
            : throw new UserException($"'{text}' is no crash point: give disk:N, step:N, effect:N, eio:N or enospc:N.");
    }
}
