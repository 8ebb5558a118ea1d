using System.Threading.Channels;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Stores layers behind the steps: when a run has frozen some more, and when its workspace is closed. What fails is left to
/// the next time; until then `cairn layers` names it.
/// </summary>
internal sealed class LayerStoring : IDisposable
{
    /// <summary>A run's layers are stored when so many are new: fewer would compress worse.</summary>
    public const int Batch = 16;

    /// <summary>Stacks that wait to be stored; what comes on top of that is stored with a later one.</summary>
    private const int MaxWaiting = 256;

    /// <summary>How long closing waits for what is under way.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LayerFiles _files;
    private readonly LayerArchive _archive;
    private readonly Channel<LayerId> _tops = Channel.CreateBounded<LayerId>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LayerStoring(LayerFiles files, LayerArchive archive, TimeProvider time)
    {
        (_files, _archive, _time) = (files, archive, time);
        new Thread(Work) { IsBackground = true, Name = "layers" }.Start();
    }

    /// <summary>Stores a stack soon.</summary>
    public void Add(LayerId top) => _tops.Writer.TryWrite(top);

    public void Dispose()
    {
        _tops.Writer.TryComplete();
        try
        {
            _done.Task.WaitAsync(Patience, _time).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            _stop.Cancel();
            _done.Task.GetAwaiter().GetResult();
        }

        _stop.Dispose();
    }

    private void Work()
    {
        // Compressing takes much processor time, and whoever waits for a step goes first.
        const int Background = 10;
        _ = LinuxCalls.SetPriority(0, 0, Background);
        try
        {
            while (_tops.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                StoreWaiting();
            }
        }
        finally
        {
            _done.SetResult();
        }
    }

    private void StoreWaiting()
    {
        while (_tops.Reader.TryRead(out var top) && !_stop.IsCancellationRequested)
        {
            try
            {
                _archive.TryStore(_files.Chain(top).TakeWhile(m => _archive.Catalog.PackOf(m.Layer) is null), _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is WorkspaceException or IOException or InvalidDataException or UnauthorizedAccessException)
            {
                // A full disk, or a layer that a collection takes away meanwhile: they are on disk as directories all the same.
            }
        }
    }
}
