namespace Cairn.Storage;

/// <summary>
/// How those who wait for a batch hear of it. One per batch, so that the batch's buffer can be used again while somebody
/// still looks at how the commit ended.
/// </summary>
internal sealed class CommitSignal
{
    private TaskCompletionSource? _done;
    private TaskCompletionSource? _lead;

    /// <summary>How many wait for another one to write the batch.</summary>
    public int Followers { get; private set; }

    /// <summary>Why the batch failed; null while it has not.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Completes when the batch is durable or failed. Only for followers.</summary>
    public Task Done => _done!.Task;

    /// <summary>Completes when the first follower is to write the batch itself, or it is done. Only for followers.</summary>
    public Task Lead => _lead!.Task;

    /// <summary>Adds one who waits; true for the first one. Only under the queue's lock and before the batch is taken.</summary>
    public bool AddFollower()
    {
        _done ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
        _lead ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
        return Followers++ == 0;
    }

    public void HandOver() => _lead?.TrySetResult();

    public void Complete(Exception? error)
    {
        Error = error;
        _done?.TrySetResult();
        _lead?.TrySetResult();
    }
}
