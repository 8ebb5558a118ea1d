using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Makes room: one large move when the prompt does not fit, down to a low-water mark, so that the prompt's prefix then stays
/// the same for many steps. Answers give up their place in the order of the policy, first for their summary, then for their
/// address; then whole old turns leave. What must not be lost is carried on behind the task. It cannot fail: at the last even
/// the newest answers are shortened.
/// </summary>
internal sealed class Compaction
{
    /// <summary>
    /// The share of the room that is left filled after a move. Lower, prefixes stay longer; higher, less is brought back: by
    /// measure 0.47 takes 99% of what prefixes can give, at a twentieth more faults than 0.55.
    /// </summary>
    private const double LowWater = 0.47;

    private const double FirstLowWater = 0.55;

    /// <summary>Above this share summaries give way to addresses, and turns leave, by the first rules.</summary>
    private const double Middle = 0.8;

    /// <summary>The newest entries, which are touched last: so many at most, and no more than this share of the room.</summary>
    private const int KeepWhole = 4;

    private const double KeepShare = 0.3;

    /// <summary>A summary must be shorter than this share of its answer to stand for it.</summary>
    private const double BriefShare = 0.6;

    private readonly RunState _state;
    private readonly ContextPolicy _policy;
    private readonly long _room;
    private readonly double _lowWater;
    private readonly List<PageForm[]> _forms = [];
    private readonly int _start;
    private int _first;
    private long _tokens;
    private int _fused;

    private Compaction(RunState state, long room)
    {
        (_state, _room) = (state, room);
        _policy = ContextPolicy.Of(state.Spec.ContextPolicy);
        _lowWater = state.Spec.ContextRules >= ContextState.Rules ? LowWater : FirstLowWater;
        var window = state.Context!.Window;
        (_start, _first) = (window.First, window.First);
        for (var i = _start; i < state.History.Count; i++)
        {
            var turn = state.History[i].Turn;
            var forms = new PageForm[turn?.Calls.Length ?? 0];
            for (var c = 0; c < forms.Length; c++)
            {
                forms[c] = window[i, c];
            }

            _forms.Add(forms);
            _tokens += state.History[i].Tokens(forms);
        }
    }

    /// <summary>The context with room for the history, and the decision that made it; null when nothing had to move.</summary>
    public static (ContextState Context, ContextDecision? Decision) Fit(RunState state)
    {
        var context = state.Context!;
        var room = Room.Of(state);
        if (context.Tokens <= room)
        {
            return (context, null);
        }

        return new Compaction(state, room).Run();
    }

    private (ContextState, ContextDecision?) Run()
    {
        var context = _state.Context!;
        var survivors = new Survivors(_state);
        var reserve = survivors.Bound(_room / 4);
        var room = _room - reserve;
        var newest = Newest(room);
        Shorten(room, newest);
        var settled = (long)(room * (_state.Spec.ContextRules >= ContextState.Rules ? _lowWater : Middle));
        Lower(PageForm.Stub, settled, kept: false, newest);
        Drop(settled, newest);
        Lower(PageForm.Stub, room, kept: true, newest);
        Lower(PageForm.Brief, room, kept: true, _state.History.Count);
        Lower(PageForm.Stub, room, kept: true, _state.History.Count);
        Drop(room, _state.History.Count - 1);
        var forms = Trimmed();
        var carried = survivors.Carry(_first, (entry, call) => entry < _first ? null : _forms[entry - _start][call], reserve);
        var (window, restored) = ContextAudit.Restore(_state, new ContextWindow(_first, forms, carried));
        if (window.Digest == context.Window.Digest)
        {
            return (context, null);
        }

        var after = _tokens + (window.Carried?.Tokens ?? 0);
        return (context with { Window = window, Tokens = after }, Decision(window, after, restored));
    }

    /// <summary>The first of the entries that are touched last.</summary>
    private int Newest(long room)
    {
        var (at, sum) = (_state.History.Count, 0L);
        while (at > _first && _state.History.Count - at < KeepWhole)
        {
            sum += _state.History[at - 1].Tokens(_forms[at - 1 - _start]);
            if (sum > room * KeepShare)
            {
                break;
            }

            at--;
        }

        return at;
    }

    /// <summary>First the pages that the policy gives the least worth, down to the low-water mark.</summary>
    private void Shorten(long room, int newest)
    {
        var index = new PageIndex(_state);
        var order = new List<(double Worth, int Entry, int Call, bool Superseded)>();
        for (var i = _first; i < newest; i++)
        {
            if (_state.History[i].Turn is not { } turn)
            {
                continue;
            }

            for (var c = 0; c < turn.Calls.Length; c++)
            {
                if (_forms[i - _start][c] == PageForm.Whole && turn.Calls[c].Tokens > TokenEstimate.Stub && !index.IsKept(turn.Calls[c]))
                {
                    var facts = index.Facts(turn, turn.Calls[c]);
                    order.Add((_policy.Worth(facts), i, c, facts.Superseded));
                }
            }
        }

        order.Sort((a, b) => (a.Worth, a.Entry, a.Call).CompareTo((b.Worth, b.Entry, b.Call)));
        foreach (var (_, entry, call, superseded) in order)
        {
            if (_tokens <= room * _lowWater)
            {
                return;
            }

            _fused += superseded ? 1 : 0;
            Set(entry, call, superseded || !HasBrief(entry, call) ? PageForm.Stub : PageForm.Brief);
        }
    }

    /// <summary>Shortens answers from the oldest on until there is room.</summary>
    private void Lower(PageForm to, long limit, bool kept, int end)
    {
        if (_tokens <= limit)
        {
            return;
        }

        var index = new PageIndex(_state);
        for (var i = _first; i < end && _tokens > limit; i++)
        {
            for (var c = 0; c < _forms[i - _start].Length && _tokens > limit; c++)
            {
                var call = _state.History[i].Turn!.Calls[c];
                if (_forms[i - _start][c] < to && call.In(to) < call.In(_forms[i - _start][c]) && (kept || !index.IsKept(call)) && (to != PageForm.Brief || HasBrief(i, c)))
                {
                    Set(i, c, to);
                }
            }
        }
    }

    /// <summary>Takes whole turns out, the oldest first.</summary>
    private void Drop(long limit, int end)
    {
        for (; _first < end && _tokens > limit; _first++)
        {
            _tokens -= _state.History[_first].Tokens(_forms[_first - _start]);
        }
    }

    private bool HasBrief(int entry, int call) =>
        _state.History[entry].Turn!.Calls[call] is { Report.Brief: { } brief } whole && brief.Tokens < whole.Tokens * BriefShare;

    private void Set(int entry, int call, PageForm form)
    {
        var before = _state.History[entry].Turn!.Calls[call].In(_forms[entry - _start][call]);
        _forms[entry - _start][call] = form;
        _tokens += _state.History[entry].Turn!.Calls[call].In(form) - before;
    }

    /// <summary>The forms of what is still there; what follows on the last shortened entry is whole and needs no word.</summary>
    private ImmutableArray<ImmutableArray<PageForm>> Trimmed()
    {
        var last = _forms.FindLastIndex(forms => Array.Exists(forms, f => f != PageForm.Whole));
        var kept = ImmutableArray.CreateBuilder<ImmutableArray<PageForm>>();
        for (var i = _first - _start; i <= last; i++)
        {
            kept.Add([.. _forms[i]]);
        }

        return kept.ToImmutable();
    }

    private ContextDecision Decision(ContextWindow window, long after, int restored)
    {
        var (briefs, stubs) = (0, 0);
        var before = _state.Context!.Window;
        for (var i = _first; i < _state.History.Count; i++)
        {
            for (var c = 0; c < _forms[i - _start].Length; c++)
            {
                var form = _forms[i - _start][c];
                briefs += form == PageForm.Brief && before[i, c] != form ? 1 : 0;
                stubs += form == PageForm.Stub && before[i, c] != form ? 1 : 0;
            }
        }

        return new(_policy.Id, _policy.Hash(), _state.Context.Tokens, after, window.Digest)
        {
            Summarised = briefs,
            Evicted = stubs,
            Fused = _fused,
            Dropped = _first - _start,
            Restored = restored,
        };
    }
}
