using Cairn.Bench.Workload;

namespace Cairn.Bench.Runs;

/// <summary>A scripted model with small waits at which all runs meet once, halfway: then each of them is idle.</summary>
internal sealed class GatedModel : IModel, IModelCatalog
{
    private const int Window = 200_000;

    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ScriptedModel _model;
    private readonly int _half;
    private int _waiting;
    private int _expected = int.MaxValue;

    public GatedModel(int steps, TimeSpan wait) => (_model, _half) = (new(steps, wait, Window), steps / 2);

    public ModelInfo Info => _model.Info;

    public long Asked => _model.Asked;

    public void Open() => _open.SetResult();

    public Task AllWaitAsync(int runs, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _expected, runs);
        Tell(Volatile.Read(ref _waiting));
        return _all.Task.WaitAsync(cancellationToken);
    }

    public async Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        if (request.Messages.Count(m => m.Role == ChatRole.Tool) == _half)
        {
            Tell(Interlocked.Increment(ref _waiting));
            await _open.Task.WaitAsync(cancellationToken);
        }

        return await _model.AskAsync(request, onDelta, cancellationToken);
    }

    public ValueTask<(IModel? Model, string? Problem)> OpenAsync(string id, CancellationToken cancellationToken) => new((this, null));

    public ValueTask<IReadOnlyList<ModelAvailability>> FindAsync(CancellationToken cancellationToken) => new([]);

    private void Tell(int waiting)
    {
        if (waiting >= Volatile.Read(ref _expected))
        {
            _all.TrySetResult();
        }
    }
}
