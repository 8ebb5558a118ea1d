namespace Cairn.Sandbox.Layers;

/// <summary>Lines that were replaced: a range of the old text by a range of the new one. Ends are exclusive.</summary>
internal readonly record struct LineHunk(int Start, int End, int NewStart, int NewEnd);

/// <summary>
/// Which lines differ. Lines that occur once on both sides are the anchors (patience), shortest edits fill the gaps, and a
/// gap that would take too long is replaced as a whole: a text made to be hard costs time in proportion to its length.
/// </summary>
internal sealed class LineDiff
{
    /// <summary>Gaps with more differing lines than this are replaced as a whole.</summary>
    private const int MaxEdits = 512;

    private const int MaxDepth = 24;
    private readonly int[] _old;
    private readonly int[] _new;
    private readonly List<LineHunk> _hunks = [];

    private LineDiff(int[] old, int[] fresh) => (_old, _new) = (old, fresh);

    /// <summary>The hunks in order; between two of them lies one equal line at least.</summary>
    public static List<LineHunk> Hunks(string[] old, string[] fresh)
    {
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        var diff = new LineDiff(Numbers(old, names), Numbers(fresh, names));
        diff.Compare(0, old.Length, 0, fresh.Length, 0);
        return diff.Joined();
    }

    private static int[] Numbers(string[] lines, Dictionary<string, int> names)
    {
        var numbers = new int[lines.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            if (!names.TryGetValue(lines[i], out numbers[i]))
            {
                names[lines[i]] = numbers[i] = names.Count;
            }
        }

        return numbers;
    }

    private void Compare(int start, int end, int newStart, int newEnd, int depth)
    {
        while (start < end && newStart < newEnd && _old[start] == _new[newStart])
        {
            start++;
            newStart++;
        }

        while (start < end && newStart < newEnd && _old[end - 1] == _new[newEnd - 1])
        {
            end--;
            newEnd--;
        }

        if (start == end || newStart == newEnd)
        {
            Add(start, end, newStart, newEnd);
            return;
        }

        var anchors = depth < MaxDepth ? Anchors(start, end, newStart, newEnd) : [];
        if (anchors.Count == 0)
        {
            Shortest(start, end, newStart, newEnd);
            return;
        }

        foreach (var (at, newAt) in anchors)
        {
            Compare(start, at, newStart, newAt, depth + 1);
            (start, newStart) = (at + 1, newAt + 1);
        }

        Compare(start, end, newStart, newEnd, depth + 1);
    }

    /// <summary>The longest rising row of lines that both ranges hold exactly once.</summary>
    private List<(int At, int NewAt)> Anchors(int start, int end, int newStart, int newEnd)
    {
        var seen = new Dictionary<int, (int Count, int NewCount, int NewAt)>();
        for (var i = start; i < end; i++)
        {
            var known = seen.GetValueOrDefault(_old[i]);
            seen[_old[i]] = known with { Count = known.Count + 1 };
        }

        for (var i = newStart; i < newEnd; i++)
        {
            if (seen.TryGetValue(_new[i], out var known))
            {
                seen[_new[i]] = known with { NewCount = known.NewCount + 1, NewAt = i };
            }
        }

        var piles = new List<(int NewAt, int Item)>();
        var items = new List<(int At, int NewAt, int Before)>();
        for (var i = start; i < end; i++)
        {
            if (seen[_old[i]] is not { Count: 1, NewCount: 1, NewAt: var newAt })
            {
                continue;
            }

            var (low, high) = (0, piles.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = piles[middle].NewAt < newAt ? (middle + 1, high) : (low, middle);
            }

            items.Add((i, newAt, low == 0 ? -1 : piles[low - 1].Item));
            if (low == piles.Count)
            {
                piles.Add((newAt, items.Count - 1));
            }
            else
            {
                piles[low] = (newAt, items.Count - 1);
            }
        }

        var row = new List<(int At, int NewAt)>();
        for (var i = piles.Count == 0 ? -1 : piles[^1].Item; i >= 0; i = items[i].Before)
        {
            row.Add((items[i].At, items[i].NewAt));
        }

        row.Reverse();
        return row;
    }

    /// <summary>Myers' greedy search for the fewest edits.</summary>
    private void Shortest(int start, int end, int newStart, int newEnd)
    {
        var (n, m) = (end - start, newEnd - newStart);
        var most = Math.Min(n + m, MaxEdits);
        var trace = new List<int[]>();
        var reach = new int[(2 * most) + 3];
        for (var d = 0; d <= most; d++)
        {
            for (var k = -d; k <= d; k += 2)
            {
                var at = most + 1 + k;
                var x = k == -d || (k != d && reach[at - 1] < reach[at + 1]) ? reach[at + 1] : reach[at - 1] + 1;
                while (x < n && x - k < m && x - k >= 0 && _old[start + x] == _new[newStart + x - k])
                {
                    x++;
                }

                reach[at] = x;
                if (x >= n && x - k >= m)
                {
                    Walk(trace, start, newStart, (n, m));
                    return;
                }
            }

            trace.Add(reach[(most + 1 - d)..(most + 2 + d)]);
        }

        Add(start, end, newStart, newEnd);
    }

    private void Walk(List<int[]> trace, int start, int newStart, (int X, int Y) at)
    {
        var edits = new Stack<LineHunk>();
        for (var d = trace.Count; d > 0; d--)
        {
            var before = trace[d - 1];
            var k = at.X - at.Y;
            int Reach(int diagonal) => diagonal < -(d - 1) || diagonal > d - 1 ? -1 : before[diagonal + d - 1];
            var down = k == -d || (k != d && Reach(k - 1) < Reach(k + 1));
            var x = down ? Reach(k + 1) : Reach(k - 1);
            var y = x - (down ? k + 1 : k - 1);
            edits.Push(down
                ? new(start + x, start + x, newStart + y, newStart + y + 1)
                : new(start + x, start + x + 1, newStart + y, newStart + y));
            at = (x, y);
        }

        foreach (var edit in edits)
        {
            Add(edit.Start, edit.End, edit.NewStart, edit.NewEnd);
        }
    }

    private void Add(int start, int end, int newStart, int newEnd)
    {
        if (start < end || newStart < newEnd)
        {
            _hunks.Add(new(start, end, newStart, newEnd));
        }
    }

    private List<LineHunk> Joined()
    {
        var joined = new List<LineHunk>();
        foreach (var hunk in _hunks)
        {
            if (joined.Count > 0 && joined[^1].End == hunk.Start && joined[^1].NewEnd == hunk.NewStart)
            {
                joined[^1] = joined[^1] with { End = hunk.End, NewEnd = hunk.NewEnd };
            }
            else
            {
                joined.Add(hunk);
            }
        }

        return joined;
    }
}
