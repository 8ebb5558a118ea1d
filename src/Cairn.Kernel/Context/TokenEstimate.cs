using System.Text;

namespace Cairn.Kernel;

/// <summary>
/// Bounds of token counts that need no tokenizer: deterministic, so that a replay decides the same. Common encodings take at
/// least three bytes of code or prose per token on average; what a provider counts beyond that corrects the bound from then on.
/// </summary>
public static class TokenEstimate
{
    /// <summary>Tokens that a message's frame takes beside its text.</summary>
    public const int MessageOverhead = 8;

    /// <summary>Tokens of the line that stands for an answer left out of a prompt.</summary>
    public const int Stub = 60;

    private const double BytesPerToken = 3.0;

    /// <summary>Upper bound for a text of so many UTF-8 bytes.</summary>
    public static int UpperBound(long utf8Bytes) => (int)Math.Min(int.MaxValue / 2, Math.Ceiling(utf8Bytes / BytesPerToken) + 2);

    /// <summary>Upper bound for a short text of the kernel's own.</summary>
    public static int Bytes(string text) => UpperBound(Encoding.UTF8.GetByteCount(text));
}
