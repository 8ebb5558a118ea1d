using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Makes many things durable at once. Each sync waits for the disk to write its journal and to empty its cache; the system
/// lets those that wait at the same time share that, so a hundred cost little more than a few when none waits for another.
/// </summary>
internal sealed class ParallelSync : IDisposable
{
    /// <summary>They wait and do not compute: their number has nothing to do with that of processors.</summary>
    private const int Threads = 8;

    private const int MaxWaiting = 256;

    private readonly BlockingCollection<Action> _work = new(MaxWaiting);
    private readonly Lazy<Thread[]> _threads;

    public ParallelSync() => _threads = new(() => [.. Enumerable.Range(0, Threads).Select(_ => Start())]);

    /// <summary>Carries all out and waits for them; the first thing that went wrong is thrown when all are over.</summary>
    public void Run(IReadOnlyList<Action> syncs)
    {
        ExceptionDispatchInfo? wrong = null;
        using var left = new CountdownEvent(Math.Max(1, syncs.Count));
        if (syncs.Count > 1)
        {
            _ = _threads.Value;
        }

        foreach (var sync in syncs.Skip(1))
        {
            _work.Add(() => One(sync));
        }

        One(syncs.Count > 0 ? syncs[0] : () => { });
        left.Wait();
        wrong?.Throw();

        void One(Action sync)
        {
            try
            {
                sync();
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref wrong, ExceptionDispatchInfo.Capture(e), null);
            }
            finally
            {
                left.Signal();
            }
        }
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        if (_threads.IsValueCreated)
        {
            Array.ForEach(_threads.Value, t => t.Join());
        }

        _work.Dispose();
    }

    private Thread Start()
    {
        var thread = new Thread(() =>
        {
            foreach (var sync in _work.GetConsumingEnumerable())
            {
                sync();
            }
        }) { IsBackground = true, Name = "cairn-sync" };
        thread.Start();
        return thread;
    }
}
