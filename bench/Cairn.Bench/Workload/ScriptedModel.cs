using System.Diagnostics;
using System.Globalization;

namespace Cairn.Bench.Workload;

/// <summary>
/// A model that calls the note tool so many times, then completes. It reads its place from the number of answers in the
/// prompt's footer-free part, so it needs no memory between calls.
/// </summary>
/// <param name="steps">Calls before it completes.</param>
/// <param name="wait">How long each answer takes.</param>
/// <param name="contextTokens">The window that it says it has.</param>
internal sealed class ScriptedModel(int steps, TimeSpan wait, int contextTokens) : IModel, IModelCatalog
{
    public const string Id = "scripted:bench";

    private long _asked;

    public ModelInfo Info { get; } = new("scripted", "bench", contextTokens, 1024, Recorded: true);

    /// <summary>Calls so far.</summary>
    public long Asked => Interlocked.Read(ref _asked);

    /// <summary>Called with the timestamp of each call, from any thread.</summary>
    public Action<long>? OnAsked { get; init; }

    public async Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        OnAsked?.Invoke(Stopwatch.GetTimestamp());
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, TimeProvider.System, cancellationToken);
        }

        var step = LastStep(request) + 1;
        var id = string.Create(CultureInfo.InvariantCulture, $"call{step}");
        return ModelOutcome.Answered(new ModelResponse
        {
            ToolCalls = [step > steps ? new(id, "complete", "{}") : new(id, NoteTool.Name, NoteTool.Arguments(step))],
            Finish = FinishReason.ToolCalls,
            Usage = new(100, 10),
            Model = "bench",
        });
    }

    public ValueTask<(IModel? Model, string? Problem)> OpenAsync(string id, CancellationToken cancellationToken) =>
        new((this, null));

    public ValueTask<IReadOnlyList<ModelAvailability>> FindAsync(CancellationToken cancellationToken) => new([]);

    private static int LastStep(ModelRequest request)
    {
        for (var i = request.Messages.Length - 1; i >= 0; i--)
        {
            if (request.Messages[i].ToolCallId is { } id)
            {
                return int.Parse(id.AsSpan("call".Length), CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }
}
