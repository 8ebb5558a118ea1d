namespace Cairn.Kernel;

/// <summary>
/// Upper bounds of token counts that need no tokenizer: deterministic, so that a replay decides the same. The encodings
/// in use take at least three bytes of code or prose per token on average; short texts get a margin.
/// </summary>
public static class TokenEstimate
{
    /// <summary>Tokens that a message's frame takes beside its text.</summary>
    public const int MessageOverhead = 8;

    /// <summary>Tokens of the line that stands for a result left out of a prompt.</summary>
    public const int ElidedResult = 60;

    private const double BytesPerToken = 3.0;

    /// <summary>Upper bound for a text of so many UTF-8 bytes.</summary>
    public static int UpperBound(long utf8Bytes) => (int)Math.Min(int.MaxValue / 2, Math.Ceiling(utf8Bytes / BytesPerToken) + 2);
}
