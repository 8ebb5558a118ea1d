namespace Cairn.Models;

/// <summary>Errors as each format's clients know them, for those who answer without asking a model.</summary>
public static class WireErrors
{
    /// <summary>The body of an error.</summary>
    /// <param name="format">The client's format.</param>
    /// <param name="status">The HTTP status; the kind of error follows from it.</param>
    /// <param name="message">For people.</param>
    public static byte[] Body(WireFormat format, int status, string message) =>
        WireCodec.Error(format, new(status, DecodedErrors.CodeOf(status), message));
}
