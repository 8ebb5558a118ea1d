using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>One call through the gateway, as it is recorded: everything but the bodies, which are in the blob store.</summary>
/// <param name="Key">The key's id.</param>
/// <param name="At">When it came.</param>
/// <param name="Format">The client's format.</param>
/// <param name="Model">PROVIDER:NAME that answered.</param>
/// <param name="Status">The HTTP status that the client got.</param>
/// <param name="Request">The request's body.</param>
/// <param name="Answer">What the client was sent; none when nothing was.</param>
/// <param name="Usage">Tokens as the provider counted them.</param>
/// <param name="Usd">Their price; 0 when it is unknown.</param>
/// <param name="Milliseconds">From the request to the answer's end.</param>
internal sealed record CallRecord(
    string Key, DateTimeOffset At, string Format, string Model, int Status, BlobHash Request, BlobHash Answer, ModelUsage Usage, decimal Usd, long Milliseconds)
{
    /// <summary>What went wrong; null when nothing did.</summary>
    public string? Error { get; init; }
}
