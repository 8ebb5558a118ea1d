namespace Cairn.Storage;

/// <summary>A file's bytes as programs see them, as the platter holds them, and the sectors in which the two may differ.</summary>
internal sealed class SimulatedContent : SimulatedNode
{
    public const int Sector = 512;

    private byte[] _cached = [];
    private byte[] _durable = [];
    private readonly SortedSet<long> _dirty = [];

    public long Length { get; private set; }

    public long DurableLength { get; private set; }

    public int Read(long offset, Span<byte> buffer)
    {
        var count = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        _cached.AsSpan((int)Math.Min(offset, Length), count).CopyTo(buffer);
        return count;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        if (offset + bytes.Length > Length)
        {
            SetLength(offset + bytes.Length);
        }

        bytes.CopyTo(_cached.AsSpan((int)offset));
        Touch(offset, offset + bytes.Length);
    }

    public void SetLength(long length)
    {
        Grow(ref _cached, length);
        var (low, high) = length < Length ? (length, Length) : (Length, length);
        _cached.AsSpan((int)low, (int)(high - low)).Clear();
        Touch(low, high);
        Length = length;
    }

    public void Sync()
    {
        foreach (var sector in _dirty)
        {
            Keep(sector, Sector);
        }

        _dirty.Clear();
        SetDurableLength(Length);
    }

    /// <summary>A failed sync: each sector is written or not, and all of them count as clean from now on.</summary>
    public void LoseSync(Random random)
    {
        Survive(random);
        _dirty.Clear();
    }

    /// <summary>The power fails: each unsynced sector is lost, kept or torn, independent of the order of writing.</summary>
    public SimulatedContent Crash(Random random)
    {
        Survive(random);
        var copy = new SimulatedContent { _cached = (byte[])_durable.Clone(), _durable = (byte[])_durable.Clone() };
        Grow(ref copy._cached, DurableLength);
        copy.Length = copy.DurableLength = DurableLength;
        copy._cached.AsSpan((int)DurableLength).Clear();
        copy._durable.AsSpan((int)Math.Min(DurableLength, copy._durable.Length)).Clear();
        return copy;
    }

    private void Survive(Random random)
    {
        // 0: all lost, 1: all kept, else each for itself: campaigns need the extremes as well as the mixtures.
        var mood = random.Next(4);
        foreach (var sector in _dirty)
        {
            switch (mood < 2 ? mood : random.Next(3))
            {
                case 1:
                    Keep(sector, Sector);
                    break;
                case 2:
                    Keep(sector, random.Next(1, Sector));
                    break;
            }
        }

        SetDurableLength(mood switch
        {
            0 => DurableLength,
            1 => Length,
            _ => random.Next(3) switch
            {
                0 => DurableLength,
                1 => Length,
                _ => random.NextInt64(Math.Min(Length, DurableLength), Math.Max(Length, DurableLength) + 1),
            },
        });
    }

    // A file system never shows the old bytes of a region that was cut off and grown again.
    private void SetDurableLength(long length)
    {
        if (_durable.Length > length && DurableLength != length)
        {
            _durable.AsSpan((int)length).Clear();
        }

        DurableLength = length;
    }

    private void Keep(long sector, int bytes)
    {
        var start = sector * Sector;
        Grow(ref _durable, start + Sector);
        Grow(ref _cached, start + Sector);
        _cached.AsSpan((int)start, bytes).CopyTo(_durable.AsSpan((int)start));
    }

    private void Touch(long from, long to)
    {
        for (var sector = from / Sector; sector * Sector < to; sector++)
        {
            _dirty.Add(sector);
        }
    }

    private static void Grow(ref byte[] array, long length)
    {
        if (array.Length < length)
        {
            Array.Resize(ref array, (int)Math.Max(length, Math.Min(array.Length * 2L, Array.MaxLength)));
        }
    }
}
