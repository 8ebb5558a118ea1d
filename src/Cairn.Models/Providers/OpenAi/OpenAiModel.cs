using System.ClientModel;
using System.ClientModel.Primitives;
using Cairn.Abstractions;
using OpenAI;
using OpenAI.Chat;

namespace Cairn.Models;

/// <summary>A model behind OpenAI Chat Completions: OpenAI itself, and every server that speaks its language.</summary>
internal sealed class OpenAiModel : IModel
{
    private readonly ChatClient _client;
    private readonly WireFailures _failures;
    private readonly PricedModel? _price;
    private readonly RejectedParameters _rejected = new(
        OpenAiRequest.Temperature, OpenAiRequest.TopP, OpenAiRequest.Seed, OpenAiRequest.MaxCompletionTokens,
        OpenAiRequest.MaxTokens, OpenAiRequest.Strict);

    public OpenAiModel(ModelInfo info, ProviderEndpoint endpoint, PricedModel? price, HttpClient http, WireFailures failures)
    {
        Info = info;
        _price = price;
        _failures = failures;
        if (endpoint.Provider != "openai")
        {
            // The older name is the one that every compatible server knows; OpenAI itself wants the newer one.
            _rejected.Add(OpenAiRequest.MaxCompletionTokens);
        }

        if (price is { Sampling: false })
        {
            _rejected.Add(OpenAiRequest.Temperature);
            _rejected.Add(OpenAiRequest.TopP);
        }

        // Local servers want no key, but the SDK does not send without one.
        _client = new ChatClient(info.Name, new ApiKeyCredential(endpoint.Key ?? "none"), new OpenAIClientOptions
        {
            Endpoint = endpoint.Address,
            Transport = new HttpClientPipelineTransport(http),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        });
    }

    public ModelInfo Info { get; }

    public async Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await StreamAsync(request, onDelta, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
#pragma warning disable CA1031 // An SDK may throw anything on hostile bytes; to the kernel each is a failed call.
            catch (Exception e) when (!_rejected.Learn(e))
            {
                cancellationToken.ThrowIfCancellationRequested();
                return await _failures.DescribeAsync(e, request.Model, cancellationToken);
            }
            catch (Exception)
            {
                // Refused for a parameter that is now left out: ask again. Each parameter leads here at most once.
            }
#pragma warning restore CA1031
        }
    }

    private async Task<ModelOutcome> StreamAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        var answer = new OpenAiAnswer(onDelta);
        var updates = _client.CompleteChatStreamingAsync(
            OpenAiRequest.Messages(request), OpenAiRequest.Options(request, _rejected), cancellationToken);
        await foreach (var update in updates.WithCancellation(cancellationToken))
        {
            if (OpenAiAnswer.Error(update) is { } error)
            {
                return _failures.InStream(error);
            }

            answer.Add(update);
        }

        // The SDK ends a cancelled or cut stream like a finished one; only a finish reason proves that it is whole.
        cancellationToken.ThrowIfCancellationRequested();
        return answer.Complete() is { } response
            ? ModelOutcome.Answered(response with
            {
                CostUsd = PriceTable.Cost(_price, response.Usage, cacheWrites: 0) ?? Info.Cost(response.Usage),
                Model = response.Model.Length > 0 ? response.Model : request.Model,
            })
            : _failures.Unfinished();
    }
}
