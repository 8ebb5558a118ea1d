using Cairn.Models;

namespace Cairn.Host;

/// <summary>Holds an answer back until somebody has looked at it.</summary>
internal sealed class HeldAnswer : IWireClient
{
    private readonly System.Buffers.ArrayBufferWriter<byte> _bytes = new();
    private int _status;
    private string _type = "";
    private TimeSpan? _retryAfter;
    private bool _cut;

    public void Start(int status, string contentType, TimeSpan? retryAfter) => (_status, _type, _retryAfter) = (status, contentType, retryAfter);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        System.Buffers.BuffersExtensions.Write(_bytes, bytes.Span);
        return ValueTask.CompletedTask;
    }

    public void Cut() => _cut = true;

    /// <summary>Lets it go.</summary>
    public async Task ReleaseAsync(IWireClient to, CancellationToken cancellationToken)
    {
        to.Start(_status, _type, _retryAfter);
        await to.WriteAsync(_bytes.WrittenMemory, cancellationToken);
        if (_cut)
        {
            to.Cut();
        }
    }
}
