using System.Globalization;
using System.Text;

namespace Cairn.Sandbox.Limits;

/// <summary>
/// Keeps the head and the tail of a stream, never more than the limit, and passes on text while it arrives: the first
/// <c>limit</c> bytes of it, so that a flood does not become someone else's.
/// </summary>
internal sealed class OutputCapture(int limit, Action<string>? listener)
{
    /// <summary>So much is taken as fast as it comes; after that at most a hundred megabytes a second.</summary>
    private const int FreeFlood = 64 << 20;

    private const int FloodStep = 1 << 20;
    private static readonly TimeSpan FloodPause = TimeSpan.FromMilliseconds(10);

    private const int FirstBytes = 4096;
    private readonly int _headBytes = Math.Max(limit, 2) / 2;
    private readonly int _tailBytes = Math.Max(limit, 2) - (Math.Max(limit, 2) / 2);

    // Both grow with the output: most commands say a few lines.
    private byte[] _head = [];
    private byte[] _tail = [];
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private long _total;

    /// <summary>Something was left out.</summary>
    public bool IsCut => _total > _headBytes + _tailBytes;

    public async Task ReadAsync(Stream stream)
    {
        // Ends with the stream: every process that could hold it open lies in the pid namespace that is killed.
        var block = new byte[16 * 1024];
        var rest = (long)FreeFlood;
        int n;
        while ((n = await stream.ReadAsync(block, CancellationToken.None)) > 0)
        {
            Add(block.AsSpan(0, n));
            rest -= n;
            if (rest < 0)
            {
                // Nobody keeps this any more: who writes without end waits, instead of taking a processor to read and drop it.
                await Task.Delay(FloodPause);
                rest = FloodStep;
            }
        }
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        Tell(bytes);
        if (_total < _headBytes)
        {
            var n = (int)Math.Min(_headBytes - _total, bytes.Length);
            if (_head.Length < _total + n)
            {
                Array.Resize(ref _head, (int)Math.Min(_headBytes, Math.Max(FirstBytes, 2 * (_total + n))));
            }

            bytes[..n].CopyTo(_head.AsSpan((int)_total));
            _total += n;
            bytes = bytes[n..];
        }

        if (bytes.IsEmpty)
        {
            return;
        }

        if (_tail.Length == 0)
        {
            _tail = new byte[_tailBytes];
        }

        if (bytes.Length > _tailBytes)
        {
            _total += bytes.Length - _tailBytes;
            bytes = bytes[^_tailBytes..];
        }

        while (!bytes.IsEmpty)
        {
            var at = (int)((_total - _headBytes) % _tailBytes);
            var n = Math.Min(_tailBytes - at, bytes.Length);
            bytes[..n].CopyTo(_tail.AsSpan(at));
            _total += n;
            bytes = bytes[n..];
        }
    }

    public string Text()
    {
        var head = _head.AsSpan(0, (int)Math.Min(_total, _headBytes));
        var rest = _total - head.Length;
        if (rest <= _tailBytes)
        {
            return Encoding.UTF8.GetString([.. head, .. _tail.AsSpan(0, (int)rest)]);
        }

        var start = (int)(rest % _tailBytes);
        var left = string.Create(CultureInfo.InvariantCulture, $"\n[... {rest - _tailBytes} bytes left out ...]\n");
        return Encoding.UTF8.GetString(head) + left + Encoding.UTF8.GetString([.. _tail.AsSpan(start), .. _tail.AsSpan(0, start)]);
    }

    private void Tell(ReadOnlySpan<byte> bytes)
    {
        if (listener is null || _total >= limit)
        {
            return;
        }

        bytes = bytes[..(int)Math.Min(bytes.Length, limit - _total)];
        var text = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        var n = _decoder.GetChars(bytes, text, false);
        if (n > 0)
        {
            listener(new string(text, 0, n));
        }
    }
}
