namespace Cairn.Memory.Vectors;

/// <summary>The best of many, in a heap with the least on top.</summary>
internal sealed class Candidates(int most)
{
    private readonly (float Score, int Item)[] _heap = new (float, int)[most];
    private int _count;

    /// <summary>Only what scores more than this is still among the best.</summary>
    public float Least { get; private set; } = float.NegativeInfinity;

    public IEnumerable<int> Items => _heap.Take(_count).Select(each => each.Item);

    public void Add(int item, float score)
    {
        int at;
        if (_count < _heap.Length)
        {
            at = _count++;
            while (at > 0 && _heap[(at - 1) / 2].Score > score)
            {
                _heap[at] = _heap[(at - 1) / 2];
                at = (at - 1) / 2;
            }
        }
        else
        {
            at = 0;
            for (var child = 1; child < _count; child = (2 * at) + 1)
            {
                child += child + 1 < _count && _heap[child + 1].Score < _heap[child].Score ? 1 : 0;
                if (_heap[child].Score >= score)
                {
                    break;
                }

                _heap[at] = _heap[child];
                at = child;
            }
        }

        _heap[at] = (score, item);
        Least = _count == _heap.Length ? _heap[0].Score : float.NegativeInfinity;
    }
}
