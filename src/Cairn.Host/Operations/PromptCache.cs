using System.Security.Cryptography;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// Renders the prompts of one run, step after step. What the prompt before had already is neither read, nor decoded, nor
/// hashed again: a step costs what is new in it, however long the run is. Requests and hashes are those that
/// <see cref="PromptRenderer"/> gives from the start, byte for byte; replay proves the one with the other (<see cref="PromptProof"/>). Holds the
/// messages of the last prompt and nothing else, so the model's window bounds it.
/// </summary>
internal sealed class PromptCache(Func<BlobHash, byte[]> body) : IDisposable
{
    private readonly List<ChatMessage> _messages = [];
    private System.Collections.Immutable.ImmutableArray<ToolDefinition> _tools;
    private PromptPlan? _last;
    private IncrementalHash? _hash;

    /// <summary>The last prompt began with all messages of the one before it, and these were taken over as they were.</summary>
    public bool Continued { get; private set; }

    /// <summary>The request and the hash of its canonical bytes.</summary>
    public (ModelRequest Request, BlobHash Hash) Render(PromptPlan plan, int maxOutputTokens)
    {
        // A body that is missing leaves nothing half done behind: the next prompt is made from the start.
        var before = _last;
        _last = null;
        var from = plan.Window.First;
        Continued = before is not null && Continues(before, plan);
        if (Continued)
        {
            from = before!.History.Count;
        }
        else
        {
            Begin(plan);
        }

        for (var i = from; i < plan.History.Count; i++)
        {
            foreach (var message in PromptRenderer.Entry(plan, i, body))
            {
                Add(message);
            }
        }

        var request = PromptRenderer.Request(plan, _messages, _tools, maxOutputTokens);
        var hash = Hash(request);
        _last = plan;
        return (request, hash);
    }

    public void Dispose() => _hash?.Dispose();

    /// <summary>
    /// An entry is made once, for one place behind one past. So when the last entry of the prompt before is the one that
    /// stands there now, all before it is the same as well; after a rollback it is another one, or none.
    /// </summary>
    private static bool Continues(PromptPlan before, PromptPlan now) =>
        ReferenceEquals(before.Spec, now.Spec) && before.Model.Id == now.Model.Id && before.Window.Digest == now.Window.Digest
        && before.History.Count <= now.History.Count
        && (before.History.Count == 0 || ReferenceEquals(before.History[^1], now.History[before.History.Count - 1]));

    private void Begin(PromptPlan plan)
    {
        _hash?.Dispose();
        _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _messages.Clear();
        _tools = PromptRenderer.Tools(plan.Spec, body);
        _hash.AppendData(Split(PromptRenderer.Request(plan, [], [], 0)).Before);
        foreach (var message in PromptRenderer.Opening(plan, body))
        {
            Add(message);
        }
    }

    private void Add(ChatMessage message)
    {
        Append(_hash!, message, first: _messages.Count == 0);
        _messages.Add(message);
    }

    private BlobHash Hash(ModelRequest request)
    {
        using var hash = _hash!.Clone();
        for (var i = _messages.Count; i < request.Messages.Length; i++)
        {
            Append(hash, request.Messages[i], first: i == 0);
        }

        hash.AppendData(Split(request).After);
        return BlobHash.FromBytes(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, ChatMessage message, bool first)
    {
        if (!first)
        {
            hash.AppendData(","u8);
        }

        hash.AppendData(CairnJson.Bytes(message, CairnJson.Default.ChatMessage));
    }

    /// <summary>The canonical bytes before the first message and after the last one.</summary>
    private static (byte[] Before, byte[] After) Split(ModelRequest request)
    {
        var bytes = PromptRenderer.CanonicalBytes(request with { Messages = [] });

        // The first such place is the property: a quote inside of the model's name, the only text before it, is escaped.
        var inside = bytes.AsSpan().IndexOf("\"messages\":[]"u8) + "\"messages\":["u8.Length;
        return (bytes[..inside], bytes[inside..]);
    }
}
