using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Keeps an answer under the hash of the question's canonical JSON.</summary>
/// <param name="question">The hash of the whole request.</param>
/// <param name="request">The request.</param>
/// <param name="response">The whole answer.</param>
/// <param name="cancellationToken">Stops the keeping.</param>
public delegate ValueTask KeepResponse(BlobHash question, ModelRequest request, ModelResponse response, CancellationToken cancellationToken);

/// <summary>
/// Asks a model and keeps each whole answer, so that it can be replayed. Failures are not kept: they say nothing about
/// the question. An exception of <paramref name="keep"/> is the host's fault and passes through.
/// </summary>
/// <param name="inner">The model that is asked.</param>
/// <param name="keep">Called before the answer is returned.</param>
public sealed class RecordingModel(IModel inner, KeepResponse keep) : IModel
{
    /// <inheritdoc/>
    public ModelInfo Info => inner.Info;

    /// <summary>The identity of a question.</summary>
    public static BlobHash Hash(ModelRequest request) => BlobHash.Of(CairnJson.Bytes(request, CairnJson.Default.ModelRequest));

    /// <inheritdoc/>
    public async Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        var outcome = await inner.AskAsync(request, onDelta, cancellationToken);
        if (outcome.Response is { } response)
        {
            await keep(Hash(request), request, response, cancellationToken);
        }

        return outcome;
    }
}
