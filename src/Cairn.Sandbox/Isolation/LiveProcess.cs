using Cairn.Abstractions;
using Cairn.Sandbox.Limits;

namespace Cairn.Sandbox.Isolation;

/// <summary>A sandboxed process that somebody talks to; its standard error is read here, so that it never waits for a reader.</summary>
internal sealed class LiveProcess : ISandboxProcess
{
    private const int ErrorBytes = 16 * 1024;
    private readonly OutputCapture _error = new(ErrorBytes, null);
    private readonly Action _kill;
    private readonly CancellationTokenRegistration _stop;
    private readonly Action _release;
    private int _disposed;

    /// <param name="input">What it reads.</param>
    /// <param name="output">What it prints.</param>
    /// <param name="error">What it complains.</param>
    /// <param name="kill">Kills every process of the sandbox; safe at any time.</param>
    /// <param name="wait">Waits until all are gone.</param>
    /// <param name="release">Called once, when it is disposed and all are gone.</param>
    /// <param name="stop">Kills it too.</param>
    public LiveProcess(Stream input, Stream output, Stream error, Action kill, Func<Task> wait, Action release, CancellationToken stop)
    {
        (Input, Output, _kill, _release) = (input, output, kill, release);
        Ended = EndAsync(error, wait);
        _stop = stop.Register(kill);
    }

    public Stream Input { get; }

    public Stream Output { get; }

    public Task Ended { get; }

    public string ErrorTail => _error.Text();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _kill();
        await Ended;
        await _stop.DisposeAsync();
        _release();
    }

    private async Task EndAsync(Stream error, Func<Task> wait)
    {
        try
        {
            await _error.ReadAsync(error);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // What it complained about is for people; the end of the process is what counts.
        }

        await wait();
    }
}
