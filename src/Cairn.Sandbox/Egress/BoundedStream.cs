using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>A stream that fails when more comes than anybody should read.</summary>
internal sealed class BoundedStream(Stream inner, long most) : ReadingStream(inner)
{
    private long _read;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var n = await Inner.ReadAsync(buffer, cancellationToken);
        _read += n;
        return _read <= most ? n : throw new IOException($"the answer is larger than {most >> 20} MiB");
    }
}
