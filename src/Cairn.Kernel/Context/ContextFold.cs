using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>What events mean for the context. Runs of code agents have no prompts, and no context.</summary>
internal static class ContextFold
{
    /// <summary>Errors that are kept in mind at most; beyond that the oldest is forgotten.</summary>
    public const int MaxErrors = 256;

    /// <summary>Addresses that are pinned at most; beyond that the first in order is let go.</summary>
    public const int MaxPins = 256;

    /// <summary>Files that are followed at most; beyond that the one that was unused for the longest time is forgotten.</summary>
    public const int MaxFiles = 1024;

    private const int MaxPages = 16;

    private static readonly ImmutableSortedSet<string> NoPaths = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Adds an entry to the history: it is whole, at the end of the prompt.</summary>
    public static RunState Add(RunState state, HistoryEntry entry)
    {
        var next = state with { History = state.History.Add(entry, KernelJson.Default.HistoryEntry) };
        return next.Context is { } context ? next with { Context = context with { Tokens = context.Tokens + entry.Tokens([]) } } : next;
    }

    /// <summary>A tool call has its result.</summary>
    public static RunState Finished(RunState state, TurnCall call)
    {
        if (state.Context is not { } context)
        {
            return state;
        }

        context = Errors(context, call, state.Step);
        if (call.Tool == KernelTools.AskHuman)
        {
            context = context with { Pins = Pin(context.Pins, ContextAddress.Result(call.Id)) };
        }

        return state with { Context = call.Report is { } report ? Reported(context, call, report, state.Step) : context };
    }

    /// <summary>Files are no longer what the agent read: what it knows of them is what it is told now.</summary>
    public static RunState Changed(RunState state, FilesChanged e)
    {
        if (state.Context is not { } context || state.Phase != RunPhase.Model || state.Started)
        {
            throw new JournalMeaningException($"files change for the agent in phase {state.Phase}");
        }

        foreach (var mark in e.Files)
        {
            context = Known(context with { Files = Seen(context.Files, mark, null, state.Step) }, mark.Path);
        }

        return Add(state with { Context = context }, new(null, e.Note));
    }

    /// <summary>Somebody was seen to change files: those that the agent knows otherwise are stale until it is told.</summary>
    public static RunState Noticed(RunState state, FilesNoticed e)
    {
        if (state.Context is not { } context)
        {
            throw new JournalMeaningException("files are watched for a run that has no context");
        }

        foreach (var mark in e.Files)
        {
            context = context.Files.TryGetValue(mark.Path, out var seen) && seen.Version != mark.Version
                ? context with { Stale = (context.Stale ?? NoPaths).Add(mark.Path) }
                : Known(context, mark.Path);
        }

        return state with { Context = context };
    }

    /// <summary>A text of the archive comes into the prompt, as a note; the agent knows that version of its file from now on.</summary>
    public static RunState Promote(RunState state, ArchivedText item)
    {
        var context = state.Context!;
        return Add(state with { Context = context.Files.ContainsKey(item.Mark.Path) ? context : context with { Files = Seen(context.Files, item.Mark, null, state.Step) } }, new(null, item.Text));
    }

    /// <summary>A prompt was asked.</summary>
    public static ContextState Asked(ContextState context, long tokens) => ArchiveFold.Prompted(context) with { Asked = tokens };

    /// <summary>The provider counted the prompt: what it counted more than the bound said counts from now on.</summary>
    public static ContextState Answered(ContextState context, ModelUsage usage, ModelBinding model)
    {
        // Models that vote are all asked the same, and their usage is one sum.
        var counted = usage.InputTokens / Math.Max(1, model.Voters ?? 1);
        var next = context with { Refusals = 0 };
        if (model.Recorded || context.Asked <= 0 || counted <= context.Asked * context.Calibration / 1000)
        {
            return next;
        }

        // Two in a hundred more: the next prompt is of the same kind, not of the same bytes.
        var measured = (counted * 1020 / context.Asked) + 1;
        return next with { Calibration = (int)Math.Min(measured, 8000) };
    }

    /// <summary>The provider refused the prompt as too long: the next one is a quarter shorter.</summary>
    public static ContextState Refused(ContextState context) =>
        context with { Refusals = context.Refusals + 1, Ceiling = Math.Min(context.Ceiling ?? long.MaxValue, context.Asked) * 3 / 4 };

    private static ContextState Reported(ContextState context, TurnCall call, ContextReport report, int step)
    {
        foreach (var mark in report.Files.IsDefault ? [] : report.Files)
        {
            context = Known(context with { Files = Seen(context.Files, mark, call.Id, step) }, mark.Path);
        }

        if (report.Slot is { } slot)
        {
            context = context with { Slots = context.Slots.SetItem(slot, new(ContextAddress.Result(call.Id), call.Result, call.Tokens)) };
        }

        if (report.Recalled is { } back && Path(back) is { } path && context.Files.TryGetValue(path, out var seen))
        {
            context = context with { Files = context.Files.SetItem(path, seen with { Step = step, Uses = seen.Uses + 1 }) };
        }

        var pins = report.Pin is { } pin ? Pin(context.Pins, ContextAddress.Local(pin)) : context.Pins;
        return context with { Pins = report.Unpin is { } unpin ? pins.Remove(ContextAddress.Local(unpin)) : pins };
    }

    /// <summary>The agent was told, by whatever way, what a file is: it is stale no more.</summary>
    private static ContextState Known(ContextState context, string path) =>
        context.Stale?.Remove(path) is { } left ? context with { Stale = left.IsEmpty ? null : left } : context;

    private static string? Path(string address) => address.StartsWith("file:", StringComparison.Ordinal) ? address["file:".Length..] : null;

    private static ImmutableSortedSet<string> Pin(ImmutableSortedSet<string> pins, string address)
    {
        pins = pins.Add(address);
        return pins.Count > MaxPins ? pins.Remove(pins[pins[0] == address ? 1 : 0]) : pins;
    }

    private static ContextState Errors(ContextState context, TurnCall call, int step)
    {
        var failed = call.Status is ToolStatus.Failed or ToolStatus.Conflict or ToolStatus.TimedOut or ToolStatus.Unknown
            || (call.Status == ToolStatus.Ok && call.Report is { IsError: true });
        if (!failed && (call.Status != ToolStatus.Ok || context.Errors.IsEmpty))
        {
            return context;
        }

        var key = $"{call.Tool}\n{call.Report?.Subject ?? call.Arguments.Value}";
        var errors = context.Errors.RemoveAll(e => e.Key == key);
        if (!failed)
        {
            return context with { Errors = errors };
        }

        var brief = call.Report?.Brief;
        errors = errors.Add(new(key, call.Id, call.Tool, brief?.Body ?? call.Result, brief?.Tokens ?? call.Tokens, step));
        return context with { Errors = errors.Length > MaxErrors ? errors.RemoveAt(0) : errors };
    }

    /// <summary>A version of a file was shown (or told, when no answer shows it).</summary>
    private static ImmutableSortedDictionary<string, SeenFile> Seen(
        ImmutableSortedDictionary<string, SeenFile> files, FileMark mark, CallId? call, int step)
    {
        var before = files.GetValueOrDefault(mark.Path);
        ImmutableArray<SeenPage> pages = before is not null && before.Version == mark.Version ? before.Pages : [];
        if (call is { } id && !mark.Written)
        {
            var page = new SeenPage(id, mark.From, mark.To);
            pages = [.. pages.Where(p => !page.Covers(p)).TakeLast(MaxPages - 1), page];
        }

        files = files.SetItem(mark.Path, new(mark.Version, step, (before?.Uses ?? 0) + 1, pages));
        if (files.Count <= MaxFiles)
        {
            return files;
        }

        var oldest = files.Where(f => f.Key != mark.Path).MinBy(f => f.Value.Step);
        return files.Remove(oldest.Key);
    }
}
