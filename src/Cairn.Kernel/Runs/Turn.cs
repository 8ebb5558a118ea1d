using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>How far a tool call is.</summary>
public enum CallProgress
{
    /// <summary>Not begun.</summary>
    Queued,

    /// <summary>Its intent stands in the journal; no result yet.</summary>
    Running,

    /// <summary>It has a result.</summary>
    Done,
}

/// <summary>A tool call of a turn.</summary>
/// <param name="Id">The kernel's id for it.</param>
/// <param name="ModelCallId">The provider's id for it; "" for a code agent.</param>
/// <param name="Tool">The tool.</param>
/// <param name="Arguments">The arguments' JSON text.</param>
/// <param name="Effect">The tool's effect class.</param>
public sealed record TurnCall(CallId Id, string ModelCallId, string Tool, BlobHash Arguments, EffectClass Effect)
{
    /// <summary>How far it is.</summary>
    public CallProgress Progress { get; init; }

    /// <summary>How it ended.</summary>
    public ToolStatus Status { get; init; }

    /// <summary>The answer's text.</summary>
    public BlobHash Result { get; init; }

    /// <summary>The answer for a program; null when there is none.</summary>
    public BlobHash? Data { get; init; }

    /// <summary>Upper bound of the answer's tokens.</summary>
    public int Tokens { get; init; }

    /// <summary>What it means for the run.</summary>
    public ToolSignal Signal { get; init; }

    /// <summary>What it needs permissions for; null in a run without a policy.</summary>
    public ImmutableArray<AccessRequest>? Needs { get; init; }

    /// <summary>What the answer means for the context; null for nothing.</summary>
    public ContextReport? Report { get; init; }

    /// <summary>Upper bound of the tokens that the answer takes in a form, its frame included.</summary>
    internal int In(PageForm form) => form switch
    {
        PageForm.Whole => Tokens + Fence.Tokens,
        PageForm.Brief when Report?.Brief is { } brief => brief.Tokens + Fence.Tokens,
        _ => TokenEstimate.Stub,
    };
}

/// <summary>One answer of the model, or one syscall of a code agent, with its tool calls.</summary>
/// <param name="Step">The step.</param>
/// <param name="Response">JSON of the <see cref="ModelResponse"/>; none for a code agent.</param>
/// <param name="Tokens">Upper bound of the response's tokens.</param>
/// <param name="Calls">The tool calls, in the order in which they were asked for.</param>
public sealed record Turn(int Step, BlobHash Response, int Tokens, ImmutableArray<TurnCall> Calls)
{
    /// <summary>Every call has a result.</summary>
    public bool IsDone
    {
        get
        {
            foreach (var call in Calls)
            {
                if (call.Progress != CallProgress.Done)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>The turn with one call changed.</summary>
    public Turn With(CallId id, Func<TurnCall, TurnCall> change)
    {
        for (var i = 0; i < Calls.Length; i++)
        {
            if (Calls[i].Id == id)
            {
                return this with { Calls = Calls.SetItem(i, change(Calls[i])) };
            }
        }

        throw new JournalMeaningException($"no call {id} in step {Step}");
    }
}

/// <summary>A settled turn, or a note of the kernel to the agent: exactly one of the two.</summary>
/// <param name="Turn">The turn.</param>
/// <param name="Note">The note's text.</param>
public sealed record HistoryEntry(Turn? Turn, TextSource? Note)
{
    /// <summary>Upper bound of its tokens in a prompt.</summary>
    /// <param name="forms">The forms of the answers; those beyond them are whole.</param>
    public int Tokens(ReadOnlySpan<PageForm> forms)
    {
        if (Turn is null)
        {
            return Note!.Tokens + TokenEstimate.MessageOverhead + Fence.Tokens;
        }

        var sum = Turn.Tokens + TokenEstimate.MessageOverhead;
        for (var i = 0; i < Turn.Calls.Length; i++)
        {
            sum += Turn.Calls[i].In(i < forms.Length ? forms[i] : PageForm.Whole) + TokenEstimate.MessageOverhead;
        }

        return sum;
    }
}

/// <summary>The journal says something that cannot have happened: it was edited, or an older kernel had a bug.</summary>
public sealed class JournalMeaningException(string message) : Exception(message);
