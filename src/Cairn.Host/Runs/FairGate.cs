namespace Cairn.Host;

/// <summary>Lets a limited number in; who waits longest is next.</summary>
public sealed class FairGate
{
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private readonly int _limit;
    private int _inside;

    /// <summary>Makes a gate for this many.</summary>
    public FairGate(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        _limit = limit;
    }

    /// <summary>How many are inside.</summary>
    public int Inside
    {
        get
        {
            lock (_gate)
            {
                return _inside;
            }
        }
    }

    /// <summary>How many wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Waits for a place; dispose what it returns to leave.</summary>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource> turn;
        lock (_gate)
        {
            if (_inside < _limit && _waiting.Count == 0)
            {
                _inside++;
                return new Place(this);
            }

            turn = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        await using (cancellationToken.Register(() => GiveUp(turn, cancellationToken)))
        {
            await turn.Value.Task;
        }

        return new Place(this);
    }

    private void GiveUp(LinkedListNode<TaskCompletionSource> turn, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (turn.List is null)
            {
                return; // Its turn came in the same moment.
            }

            _waiting.Remove(turn);
        }

        turn.Value.TrySetCanceled(cancellationToken);
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (_waiting.First is { } next)
            {
                // The place goes from hand to hand, so nobody can slip in between.
                _waiting.RemoveFirst();
                next.Value.TrySetResult();
            }
            else
            {
                _inside--;
            }
        }
    }

    private sealed class Place(FairGate gate) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                gate.Leave();
            }
        }
    }
}
