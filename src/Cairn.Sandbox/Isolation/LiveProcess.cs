using Cairn.Abstractions;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Isolation;

/// <summary>A sandboxed process that somebody talks to; its standard error is read here, so that it never waits for a reader.</summary>
internal sealed class LiveProcess : ISandboxProcess
{
    private const int ErrorBytes = 16 * 1024;
    private readonly OutputCapture _error = new(ErrorBytes, null);
    private readonly SandboxedProcess _process;
    private readonly LayerWatch? _watch;
    private readonly CancellationTokenRegistration _stop;
    private int _disposed;

    /// <param name="process">What was started, with an input.</param>
    /// <param name="watch">Looks at what it writes; null when it cannot write.</param>
    /// <param name="release">Called once, when it and all that it started are gone.</param>
    /// <param name="stop">Kills it.</param>
    public LiveProcess(SandboxedProcess process, LayerWatch? watch, Action release, CancellationToken stop)
    {
        (_process, _watch) = (process, watch);
        Ended = EndAsync(release);
        _stop = stop.Register(process.Kill);
    }

    public Stream Input => _process.Input!;

    public Stream Output => _process.Output;

    public Task Ended { get; }

    public string ErrorTail => _error.Text();

    public string? LimitHit { get; private set; }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _process.Kill();
        await Ended;
        await _stop.DisposeAsync();
        _process.Dispose();
    }

    private async Task EndAsync(Action release)
    {
        try
        {
            await _error.ReadAsync(_process.Error);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // What it complained about is for people; the end of the process is what counts.
        }

        var exit = await _process.WaitAsync();
        if (_watch is not null)
        {
            await _watch.DisposeAsync();
        }

        LimitHit = _watch?.Hit ?? exit.LimitHit;
        release();
    }
}
