using System.Diagnostics;

namespace Cairn.Cli.Terminal;

/// <summary>What is being done, in one line of standard error that is written over again and again, and gone at the end.</summary>
internal sealed class ProgressLine(bool show) : IProgress<string>, IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);
    private readonly Lock _gate = new();
    private long _last = Stopwatch.GetTimestamp();
    private bool _written;

    public void Report(string value)
    {
        lock (_gate)
        {
            if (show && Stopwatch.GetElapsedTime(_last) >= Quiet)
            {
                _last = Stopwatch.GetTimestamp();
                _written = true;
                Console.Error.Write($"\r\u001b[K{Safe.Line(value, 60)} …");
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_written)
            {
                _written = false;
                Console.Error.Write("\r\u001b[K");
            }
        }
    }
}
