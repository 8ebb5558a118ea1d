namespace Cairn.Tools.Lsp;

/// <summary>The server broke off, broke the protocol or does not answer: nothing more can be asked of it.</summary>
internal sealed class LspFailure(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The server answers that it cannot: it goes on.</summary>
internal sealed class LspRefusal(int code, string message) : Exception(message)
{
    /// <summary>The protocol's number for the reason.</summary>
    public int Code { get; } = code;
}
