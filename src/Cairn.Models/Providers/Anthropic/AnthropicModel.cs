using Anthropic;
using Anthropic.Core;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>A model behind Anthropic Messages.</summary>
#pragma warning disable CA1001 // The client owns nothing: its HTTP client is the catalog's, which disposes it.
internal sealed class AnthropicModel : IModel
#pragma warning restore CA1001
{
    private readonly AnthropicClient _client;
    private readonly WireFailures _failures;
    private readonly PricedModel? _price;
    private readonly RejectedParameters _rejected = new(AnthropicRequest.Temperature, AnthropicRequest.TopP);

    public AnthropicModel(ModelInfo info, ProviderEndpoint endpoint, PricedModel? price, HttpClient http, WireFailures failures)
    {
        Info = info;
        _price = price;
        _failures = failures;
        if (price is { Sampling: false })
        {
            _rejected.Add(AnthropicRequest.Temperature);
            _rejected.Add(AnthropicRequest.TopP);
        }

        _client = new AnthropicClient(new ClientOptions
        {
            HttpClient = http,
            BaseUrl = endpoint.Address.AbsoluteUri.TrimEnd('/'),
            ApiKey = endpoint.Key,
            AuthToken = null, // Not from the process's environment: only what the catalog was given.
            MaxRetries = 0,
            Timeout = Timeout.InfiniteTimeSpan,
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
                return AnthropicAnswer.StreamedError(e) is { } error
                    ? _failures.InStream(error)
                    : await _failures.DescribeAsync(e, request.Model, cancellationToken);
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
        var answer = new AnthropicAnswer(onDelta);
        await foreach (var update in _client.Messages.CreateStreaming(AnthropicRequest.Build(request, _rejected), cancellationToken).WithCancellation(cancellationToken))
        {
            answer.Add(update.Json);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return answer.Complete() is { } response
            ? ModelOutcome.Answered(response with
            {
                CostUsd = PriceTable.Cost(_price, response.Usage, answer.CacheWrites) ?? Info.Cost(response.Usage),
                Model = response.Model.Length > 0 ? response.Model : request.Model,
            })
            : _failures.Unfinished();
    }
}
