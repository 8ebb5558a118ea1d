using System.Buffers;
using System.Text.Json;

namespace Cairn.Host;

/// <summary>
/// The calls of standing keys, one line of JSON each, appended as they end. The lines are what the keys' budgets are counted from
/// when a daemon starts. A line that a crash cut is dropped; a killed process loses none, a power cut at most the last second.
/// A file that is full is closed and counted into the keys' sums; the oldest closed ones are deleted.
/// </summary>
internal sealed class CallLog : IDisposable
{
    /// <summary>The most bytes of one file, about 200,000 calls.</summary>
    public const long FileBytes = 64L * 1024 * 1024;

    /// <summary>Closed files that are kept for who wants to read them.</summary>
    public const int KeptFiles = 4;

    private static readonly TimeSpan Flushing = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _line = new(512);
    private readonly CallFiles _files;
    private readonly long _fileBytes;
    private readonly ITimer _timer;
    private FileStream _file;
    private long _length;
    private bool _dirty;

    /// <param name="stateDirectory">Where the files are.</param>
    /// <param name="time">The clock.</param>
    /// <param name="each">Told what each key's calls came to so far.</param>
    /// <param name="fileBytes">The most bytes of one file.</param>
    public CallLog(string stateDirectory, TimeProvider time, Action<string, KeySum> each, long fileBytes = FileBytes)
    {
        (_files, _fileBytes) = (new(stateDirectory), fileBytes);
        CountClosed();
        foreach (var (key, sum) in _files.Sums().Keys)
        {
            each(key, sum);
        }

        _length = CallFiles.Read(_files.Open, call => each(call.Key, default(KeySum).With(call)));
        _file = OpenFile(_length);
        _timer = time.CreateTimer(_ => Flush(), null, Flushing, Flushing);
    }

    /// <summary>Makes the bodies durable that lines refer to; null when nobody keeps any.</summary>
    public Action? FlushBodies { get; init; }

    public void Append(CallRecord call)
    {
        lock (_gate)
        {
            _line.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(_line))
            {
                JsonSerializer.Serialize(json, call, GatewayJson.Default.CallRecord);
            }

            _line.Write("\n"u8);
            if (_length > 0 && _length + _line.WrittenCount > _fileBytes)
            {
                Rotate();
            }

            _file.Write(_line.WrittenSpan);
            _length += _line.WrittenCount;
            _dirty = true;
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        Flush();
        _file.Dispose();
    }

    private void Flush()
    {
        try
        {
            FileStream file;
            lock (_gate)
            {
                if (!_dirty || !_file.CanWrite)
                {
                    return;
                }

                (_dirty, file) = (false, _file);
            }

            // Not under the lock: calls that end meanwhile do not wait for the disk.
            RandomAccess.FlushToDisk(file.SafeFileHandle);
            FlushBodies?.Invoke();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // Nobody waits here to be told; the next call that is recorded meets the same disk.
        }
    }

    private void Rotate()
    {
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        var numbers = _files.Numbers();
        var number = Math.Max(numbers.Count > 0 ? numbers[^1] : 0, _files.Sums().UpTo) + 1;
        File.Move(_files.Open, _files.Closed(number));
        (_file, _length) = (OpenFile(0), 0);
        _dirty = false;
        try
        {
            CountClosed();
        }
        catch (IOException)
        {
            // The disk is full: the closed file is kept, and counted the next time.
        }
    }

    /// <summary>Adds the closed files that the sums do not hold yet, and deletes what is not kept.</summary>
    private void CountClosed()
    {
        var sums = _files.Sums();
        var numbers = _files.Numbers();
        foreach (var number in numbers.Where(n => n > sums.UpTo).ToList())
        {
            var keys = new SortedDictionary<string, KeySum>(sums.Keys, StringComparer.Ordinal);
            CallFiles.Read(_files.Closed(number), call => keys[call.Key] = keys.GetValueOrDefault(call.Key).With(call));
            sums = new(number, keys);
            _files.Save(sums);
        }

        foreach (var old in numbers.SkipLast(KeptFiles))
        {
            File.Delete(_files.Closed(old));
        }
    }

    private FileStream OpenFile(long whole)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.Read | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(_files.Open, options);
        file.SetLength(whole);
        file.Position = whole;
        return file;
    }
}
