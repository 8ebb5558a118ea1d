using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// What the model answered in earlier lives of a guest. A program that is started again on a later layer and asks the same again
/// gets the same answer, each once and in order, without a model being asked or paid.
/// </summary>
internal sealed class GuestRecording
{
    private readonly Dictionary<string, Queue<BlobHash>> _answers = new(StringComparer.Ordinal);

    public GuestRecording(RunState state, IBlobStore blobs)
    {
        foreach (var entry in state.History)
        {
            foreach (var call in entry.Turn?.Calls ?? [])
            {
                if (call is { Tool: GuestTools.Model, Status: ToolStatus.Ok, Data: { } answer })
                {
                    var identity = GuestQuestion.Identity(blobs.Get(call.Arguments));
                    if (!_answers.TryGetValue(identity, out var queue))
                    {
                        _answers[identity] = queue = new();
                    }

                    queue.Enqueue(answer);
                }
            }
        }
    }

    /// <summary>The answer that the same question had; null when it was never asked, or its answers were all given.</summary>
    public BlobHash? Take(string identity) =>
        _answers.TryGetValue(identity, out var queue) && queue.TryDequeue(out var answer) ? answer : null;
}
