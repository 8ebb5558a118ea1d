using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Tells of each answer in the prompt what a policy may know. Made for one move, over what is in the prompt only.</summary>
internal sealed class PageIndex
{
    private readonly ContextState _context;
    private readonly int _step;
    private readonly HashSet<CallId> _current = [];
    private readonly HashSet<string> _kept;

    public PageIndex(RunState state)
    {
        _context = state.Context!;
        _step = state.Step;
        _kept = [.. _context.Pins];
        foreach (var error in _context.Errors)
        {
            _kept.Add(ContextAddress.Result(error.Call));
        }

        foreach (var file in _context.Files.Values)
        {
            foreach (var page in file.Pages)
            {
                _current.Add(page.Call);
            }
        }
    }

    /// <summary>Whether an answer stays as long as anything else can go.</summary>
    public bool IsKept(TurnCall call)
    {
        if (_kept.Contains(ContextAddress.Result(call.Id)))
        {
            return true;
        }

        foreach (var mark in Marks(call))
        {
            if (_kept.Contains(ContextAddress.File(mark.Path)) && _current.Contains(call.Id))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What a policy may know of an answer.</summary>
    public PageFacts Facts(Turn turn, TurnCall call)
    {
        var (idle, uses, superseded, stale, shows) = (_step - turn.Step, 1, false, false, false);
        foreach (var mark in Marks(call))
        {
            if (mark.Written || !_context.Files.TryGetValue(mark.Path, out var file))
            {
                continue;
            }

            shows = true;
            uses = Math.Max(uses, file.Uses);
            if (_current.Contains(call.Id))
            {
                idle = Math.Min(idle, _step - file.Step);
            }
            else if (file.Version != mark.Version)
            {
                // What was shown of it is shown anew, or not true any more.
                (superseded, stale) = (file.Pages.Length > 0, true);
            }
            else
            {
                superseded = true;
            }
        }

        return new(Kind(call, shows), _step - turn.Step, idle, uses, call.Tokens, superseded, stale);
    }

    private static PageKind Kind(TurnCall call, bool shows) =>
        shows ? PageKind.File
        : call.Report is { Files.IsDefaultOrEmpty: false } ? PageKind.Change
        : call.Effect == EffectClass.Pure ? PageKind.Search
        : PageKind.Command;

    private static System.Collections.Immutable.ImmutableArray<FileMark> Marks(TurnCall call) =>
        call.Report is { Files.IsDefaultOrEmpty: false } report ? report.Files : [];
}
