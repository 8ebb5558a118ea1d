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
    private readonly Task _work;

    public LayerStoring(LayerFiles files, LayerArchive archive, TimeProvider time)
    {
        (_files, _archive, _time) = (files, archive, time);
        _work = Task.Run(WorkAsync);
    }

    /// <summary>Stores a stack soon.</summary>
    public void Add(LayerId top) => _tops.Writer.TryWrite(top);

    public void Dispose()
    {
        _tops.Writer.TryComplete();
        try
        {
            _work.WaitAsync(Patience, _time).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            _stop.Cancel();
            _work.GetAwaiter().GetResult();
        }

        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        await foreach (var top in _tops.Reader.ReadAllAsync())
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
