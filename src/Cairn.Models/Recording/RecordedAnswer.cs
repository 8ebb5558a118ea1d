using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>One entry of a file of responses.</summary>
internal sealed record RecordedAnswer
{
    public string Text { get; init; } = "";

    public ImmutableArray<ModelToolCall> ToolCalls { get; init; } = [];

    public FinishReason Finish { get; init; }

    /// <summary>The provider's count; null estimates it.</summary>
    public ModelUsage? Usage { get; init; }

    /// <summary>Texts that the last messages must hold.</summary>
    public ImmutableArray<string> Expect { get; init; } = [];

    /// <summary>The pause before each piece, for the display only.</summary>
    public TimeSpan StreamDelay { get; init; }

    /// <summary>A fault that comes before the answer, for tests.</summary>
    public RecordedFault? Fault { get; init; }
}

/// <summary>A failure that is played.</summary>
/// <param name="Kind">What goes wrong.</param>
/// <param name="Times">How often in this process, before the entry answers.</param>
/// <param name="RetryAfter">The wait that is asked for.</param>
internal sealed record RecordedFault(ModelErrorKind Kind, int Times, TimeSpan? RetryAfter);
