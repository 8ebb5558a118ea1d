namespace Cairn.Models;

/// <summary>
/// Conversations that go on from an answer's id (previous_response_id) where no provider keeps them: bounded in number and size,
/// the oldest are forgotten first, and nobody goes on from the answer of another key.
/// </summary>
/// <param name="maxAnswers">The most answers.</param>
/// <param name="maxBytes">The most characters of all of them.</param>
public sealed class AnswerMemory(int maxAnswers, long maxBytes)
{
    /// <summary>The length of an answer's id without its prefix.</summary>
    private const int IdLength = 32;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Owner, string Id), LinkedListNode<Kept>> _byId = [];
    private readonly LinkedList<Kept> _oldestFirst = new();
    private long _bytes;

    /// <summary>Puts the conversation before a request to it; null when there is none of that id, and no provider that could know it.</summary>
    /// <param name="call">The request.</param>
    /// <param name="backend">Who is asked.</param>
    /// <param name="owner">Whose answers may be gone on from.</param>
    /// <param name="socket">It came over a WebSocket.</param>
    public WireCall? Prepare(WireCall call, WireBackend backend, string owner, bool socket)
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(backend);
        call = call with { IsSocket = socket, Item = id => Item(owner, id) };
        if (call.Format != WireFormat.Responses || call.Head.Previous.Length == 0)
        {
            return call;
        }

        lock (_gate)
        {
            if (_byId.TryGetValue((owner, call.Head.Previous), out var kept))
            {
                return call with { Before = kept.Value.Turns };
            }
        }

        return !socket && backend.Speaks(WireFormat.Responses) ? call : null;
    }

    /// <summary>Remembers a conversation with its answer.</summary>
    public void Keep(WireCall call, WireOutcome outcome, string owner)
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(outcome);
        if (call.Format != WireFormat.Responses || outcome.Response is null || outcome.Turns is not { } turns)
        {
            return;
        }

        var kept = new Kept((owner, "resp_" + call.Id), turns, turns.Sum(Size));
        lock (_gate)
        {
            _byId[kept.Id] = _oldestFirst.AddLast(kept);
            _bytes += kept.Bytes;
            while (_oldestFirst.First is { } oldest && (_oldestFirst.Count > maxAnswers || _bytes > maxBytes))
            {
                _byId.Remove(oldest.Value.Id);
                _bytes -= oldest.Value.Bytes;
                _oldestFirst.RemoveFirst();
            }
        }
    }

    /// <summary>An item's id holds its answer's id and its place in it.</summary>
    private WirePart? Item(string owner, string id)
    {
        var start = id.IndexOf('_', StringComparison.Ordinal) + 1;
        if (start == 0 || id.Length <= start + IdLength || !int.TryParse(id.AsSpan(start + IdLength), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var place))
        {
            return null;
        }

        lock (_gate)
        {
            return _byId.TryGetValue((owner, $"resp_{id.AsSpan(start, IdLength)}"), out var kept) && kept.Value.Turns[^1].Parts is var parts && place < parts.Count
                ? parts[place]
                : null;
        }
    }

    private static long Size(WireTurn turn) => turn.Parts.Sum(Size);

    private static long Size(WirePart part) => 100 + part.Text.Length + part.Arguments.Length + part.Url.Length + (part.Opaque?.Json.Length ?? 0) + part.Content.Sum(Size);

    private sealed record Kept((string Owner, string Id) Id, IReadOnlyList<WireTurn> Turns, long Bytes);
}
