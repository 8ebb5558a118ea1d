namespace Cairn.Models;

/// <summary>How long a provider may be silent and how much it may send. Each value bounds one call.</summary>
public sealed record ModelLimits
{
    /// <summary>The longest wait for the first byte: a local server may read a long prompt for minutes before it speaks.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest silence within a stream; providers send a ping in well under a minute.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The most bytes of one answer on the wire.</summary>
    public long AnswerBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>The wait for a local server to say that it is there.</summary>
    public TimeSpan Probe { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The wait for a provider's list of models, which only makes an error's text more helpful.</summary>
    public TimeSpan Listing { get; init; } = TimeSpan.FromSeconds(5);
}
