using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Promotion from the archive: asked beside the model and never waited for. What comes is put behind the history, as far as it
/// takes a small share of the room; the rest is counted.
/// </summary>
internal static class ArchiveFold
{
    /// <summary>The share of the room that one answer may take.</summary>
    private const int RoomShare = 16;

    /// <summary>Texts that are remembered as promoted, at most; beyond that one may come again.</summary>
    private const int MaxTexts = 512;

    /// <summary>What is to be asked now; null for nothing.</summary>
    public static AskArchive? Due(RunState state)
    {
        if (state is not { Spec.Archive: true, FailedAttempts: 0, Context: { Archive: null or { Waiting: false } } context })
        {
            return null;
        }

        // What the run is about: its task, and then what it wants to do next.
        var wanted = context.Slots.TryGetValue(ContextReport.Todo, out var todo) ? todo.Body : state.Spec.Task.Body;
        return context.Archive?.Query == wanted ? null : new(wanted);
    }

    public static RunState Asked(RunState state, ArchiveAsked e) => state.Context is { } context
        ? state with { Context = context with { Archive = (context.Archive ?? new()) with { Query = e.Query, Waiting = true } } }
        : throw new JournalMeaningException("an archive is asked for a run that has no context");

    public static RunState Answered(RunState state, ArchiveAnswered e)
    {
        if (state.Context?.Archive is not { Waiting: true } archive || archive.Query != e.Query)
        {
            throw new JournalMeaningException("an archive answers what nobody asked");
        }

        var left = state.Model is null ? 0 : Math.Max(0, Room.Of(state) / RoomShare);
        var (promoted, dropped, texts) = (0, 0, archive.Texts);
        foreach (var item in e.Items)
        {
            if (texts.Contains(item.Text.Body))
            {
                continue;
            }

            if (item.Text.Tokens > left)
            {
                dropped++;
                continue;
            }

            left -= item.Text.Tokens;
            promoted++;
            texts = texts.Count < MaxTexts ? texts.Add(item.Text.Body) : texts;
            state = ContextFold.Promote(state, item);
        }

        return state with
        {
            Context = state.Context! with
            {
                Archive = archive with { Waiting = false, Promoted = archive.Promoted + promoted, Dropped = archive.Dropped + dropped, Texts = texts },
            },
        };
    }

    /// <summary>A prompt is asked: without what the archive has not answered yet.</summary>
    public static ContextState Prompted(ContextState context) =>
        context.Archive is { Waiting: true } archive ? context with { Archive = archive with { Without = archive.Without + 1 } } : context;

    /// <summary>Nobody works on the answer any more: it is asked for again.</summary>
    public static ContextState? Idle(ContextState? context) =>
        context?.Archive is { Waiting: true } archive ? context with { Archive = archive with { Waiting = false, Query = default } } : context;
}
