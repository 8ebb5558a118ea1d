using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// What outlives every move beside task and rules: the agent's list of things to do and its notes, unresolved errors, what
/// people decided, what was pinned, and which files are known at which version. What has no place of its own in the prompt
/// any more stands in the message behind the task; what finds no room there is named by its address.
/// </summary>
internal sealed class Survivors
{
    /// <summary>Files that are listed by name; of more only the number is told.</summary>
    private const int MaxFiles = 200;

    private readonly RunState _state;
    private readonly int _more;
    private readonly List<CarriedText> _texts = [];

    public Survivors(RunState state)
    {
        _state = state;
        var context = state.Context!;
        foreach (var (slot, text) in context.Slots)
        {
            _texts.Add(new(slot == ContextReport.Todo ? "Your list of things to do" : "Your notes", text.Source, text.Body, text.Tokens));
        }

        foreach (var error in context.Errors.Reverse())
        {
            _texts.Add(new($"Not resolved yet ({error.Tool}, step {error.Step})", ContextAddress.Result(error.Call), error.Body, error.Tokens));
        }

        var pinned = context.Pins.Where(p => p.StartsWith("result:", StringComparison.Ordinal)).Select(p => p["result:".Length..])
            .Concat(context.Pins.Where(p => p.StartsWith("file:", StringComparison.Ordinal)).SelectMany(PagesOf)).ToHashSet(StringComparer.Ordinal);
        foreach (var call in Find(pinned))
        {
            var human = call.Tool == KernelTools.AskHuman;
            var body = human || call.Report?.Brief is null ? (call.Result, call.Tokens) : (call.Report.Brief.Body, call.Report.Brief.Tokens);
            _texts.Add(new(human ? "A human's answer" : "Pinned", ContextAddress.Result(call.Id), body.Item1, body.Item2, human));
        }

        _more = Cut(Room.Of(state) / 4);
    }

    /// <summary>Addresses of what must be found in the prompt, whole or by name.</summary>
    public IEnumerable<string> Addresses => _texts.Select(t => t.Address);

    /// <summary>Upper bound of what <see cref="Carry"/> may take.</summary>
    public long Bound(long most)
    {
        var sum = (long)HeaderTokens;
        foreach (var text in _texts)
        {
            sum += Math.Max(Cost(text), Cost(Pointer(text)));
        }

        foreach (var line in FileLines())
        {
            sum += Cost(line);
        }

        return Math.Min(sum, Math.Max(most, HeaderTokens + Pointers));
    }

    /// <summary>The message behind the task; null when nothing is missing from the prompt.</summary>
    /// <param name="first">The first entry that is still there.</param>
    /// <param name="form">The form of an answer by entry and call; null when it is gone.</param>
    /// <param name="most">The most tokens.</param>
    public Carried Carry(int first, Func<int, int, PageForm?> form, long most)
    {
        var left = most - HeaderTokens - Pointers;
        var texts = ImmutableArray.CreateBuilder<CarriedText>();
        var lines = ImmutableArray.CreateBuilder<string>();
        var places = Places(first);
        foreach (var text in _texts)
        {
            if (places.TryGetValue(text.Address, out var at) && form(at.Entry, at.Call) == PageForm.Whole)
            {
                continue;
            }

            // Room for its address is set aside already.
            var more = Cost(text) - Cost(Pointer(text));
            if (more <= left)
            {
                texts.Add(text);
                left -= more;
            }
            else
            {
                lines.Add(Pointer(text));
            }
        }

        foreach (var line in FileLines())
        {
            if (Cost(line) > left)
            {
                break;
            }

            lines.Add(line);
            left -= Cost(line);
        }

        return new(first, texts.ToImmutable(), lines.ToImmutable(), (int)(most - left));
    }

    /// <summary>The line that names what found no room.</summary>
    public static string Pointer(CarriedText text) => $"{text.Title}: no room for it here, `recall` {text.Address}";

    /// <summary>Upper bound of the tokens of the message's fixed words.</summary>
    private int HeaderTokens => 160 + TokenEstimate.Bytes(_state.Spec.Repository);

    /// <summary>Even names take room: of very many in a very small window the first ones count, and of the others only the number.</summary>
    private int Cut(long most)
    {
        var sum = 0L;
        for (var i = 0; i < _texts.Count; i++)
        {
            sum += Cost(Pointer(_texts[i]));
            if (sum > most)
            {
                var cut = _texts.Count - i;
                _texts.RemoveRange(i, cut);
                return cut;
            }
        }

        return 0;
    }

    private long Pointers => _texts.Sum(t => Cost(Pointer(t)));

    private static long Cost(CarriedText text) => text.Tokens + Fence.Tokens + TokenEstimate.Bytes(text.Title) + 4;

    private static long Cost(string line) => TokenEstimate.Bytes(line) + 4;

    private IEnumerable<string> PagesOf(string address) =>
        _state.Context!.Files.TryGetValue(address["file:".Length..], out var file) ? file.Pages.Select(p => ContextAddress.Result(p.Call)["result:".Length..]) : [];

    private IEnumerable<string> FileLines()
    {
        var files = _state.Context!.Files;
        foreach (var (path, file) in files.OrderByDescending(f => f.Value.Step).ThenBy(f => f.Key, StringComparer.Ordinal).Take(MaxFiles))
        {
            yield return file.Version.IsNone
                ? $"{Shown(path)}: is gone"
                : string.Create(CultureInfo.InvariantCulture, $"{Shown(path)}: version {file.Version.Short}, step {file.Step}");
        }

        if (_more > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"and {_more} more errors and pins; `recall` with a query finds them");
        }

        if (files.Count > MaxFiles)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"and {files.Count - MaxFiles} more files");
        }
    }

    // A name is content of the repository: it must not look like a line of ours.
    private static string Shown(string path)
    {
        var text = new StringBuilder(path.Length);
        foreach (var c in path)
        {
            text.Append(char.IsControl(c) || c is '\u2028' or '\u2029' or '<' or '>' ? '?' : c);
        }

        return text.ToString();
    }

    private Dictionary<string, (int Entry, int Call)> Places(int first)
    {
        var wanted = _texts.Select(t => t.Address).ToHashSet(StringComparer.Ordinal);
        var places = new Dictionary<string, (int, int)>(StringComparer.Ordinal);
        for (var i = first; wanted.Count > 0 && i < _state.History.Count; i++)
        {
            var calls = _state.History[i].Turn?.Calls ?? [];
            for (var c = 0; c < calls.Length; c++)
            {
                if (ContextAddress.Result(calls[c].Id) is var address && wanted.Contains(address))
                {
                    places[address] = (i, c);
                }
            }
        }

        return places;
    }

    /// <summary>Calls by their ids. Ids begin with their step, and steps only grow along the history.</summary>
    private IEnumerable<TurnCall> Find(HashSet<string> calls) =>
        calls.Select(id => HistorySearch.Call(_state.History, id)).OfType<TurnCall>().OrderBy(c => c.Id.Value, StringComparer.Ordinal);
}
