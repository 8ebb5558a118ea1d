using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>What happens when an action names something that does not exist.</summary>
public enum GroundingMode
{
    /// <summary>It is carried out, and the answer says what is wrong and what exists. The default.</summary>
    Warn,

    /// <summary>It is not carried out when it could only fail or do harm; else as <see cref="Warn"/>.</summary>
    Block,

    /// <summary>Nothing is checked.</summary>
    Off,
}

/// <summary>Something that exists, with the version of the file that says so.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Path">The file that it is in.</param>
/// <param name="Line">The line, from 1; 0 for the whole file.</param>
/// <param name="Version">The hash of that file; none where nothing was read.</param>
public sealed record GroundingPlace(string Name, string Path, int Line, BlobHash Version);

/// <summary>A name that stands for nothing in the state that an action works on.</summary>
/// <param name="Kind">path, import, package, name, table, column, not-null, test, script, module.</param>
/// <param name="Name">The name.</param>
/// <param name="Path">The file that names it; "" for a command line.</param>
/// <param name="Line">Where, from 1.</param>
/// <param name="Text">What is wrong, for agents and people.</param>
public sealed record GroundingFinding(string Kind, string Name, string Path, int Line, string Text)
{
    /// <summary>The nearest that exist.</summary>
    public ImmutableArray<GroundingPlace> Nearest { get; init; } = [];

    /// <summary>The action could only fail or do harm; else it may be that nobody here knows better.</summary>
    public bool Certain { get; init; }
}

/// <summary>What the grounding of a call found. It is written down as it was found, and replay never looks again.</summary>
/// <param name="Findings">What is wrong: of the call itself, and what is new in the files that it left.</param>
public sealed record GroundingReport(ImmutableArray<GroundingFinding> Findings)
{
    /// <summary>The most findings of one call.</summary>
    public const int MaxFindings = 24;

    /// <summary>The layer that the call was checked against; null for the repository itself.</summary>
    public LayerId? Before { get; init; }

    /// <summary>The layer that its result was checked in; null when there was no result to check.</summary>
    public LayerId? After { get; init; }

    /// <summary>The call was not carried out.</summary>
    public bool Blocked { get; init; }

    /// <summary>Why it was not checked, or not whole; null when it was.</summary>
    public string? Unchecked { get; init; }
}
