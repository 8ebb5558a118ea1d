using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// Proves the prompts of a replay in time that grows with the run, not with its square. Prompts that continue each other are
/// made as the run made them, one from the other; the last one of each such stretch is made from the start as well. It holds
/// every message of the stretch, so a message that was wrong anywhere in it is found.
/// </summary>
internal sealed class PromptProof(IBlobStore blobs) : IDisposable
{
    private readonly PromptCache _prompts = new(blobs.Get);
    private (AskModel Ask, BlobHash Recorded)? _last;

    /// <summary>What is wrong with a prompt, or with the stretch that ended before it; null when nothing is.</summary>
    public string? Check(AskModel ask, BlobHash recorded)
    {
        var (_, hash) = _prompts.Render(ask.Plan, ask.MaxOutputTokens);
        var before = _prompts.Continued ? null : Finish();
        _last = (ask, recorded);
        return before ?? (hash == recorded ? null : Whole(ask, recorded));
    }

    /// <summary>What is wrong with the last stretch; null when nothing is.</summary>
    public string? Finish() => _last is var (ask, recorded) ? Whole(ask, recorded) : null;

    public void Dispose() => _prompts.Dispose();

    private string? Whole(AskModel ask, BlobHash recorded)
    {
        var hash = BlobHash.Of(PromptRenderer.CanonicalBytes(PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, blobs.Get)));
        return hash == recorded ? null : $"the prompt of step {ask.Step} is {hash.Short}, recorded was {recorded.Short}";
    }
}
