using Anthropic;
using Anthropic.Core;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>A model behind Anthropic Messages.</summary>
#pragma warning disable CA1001 // The client owns nothing: its HTTP client is the catalog's, which disposes it.
internal sealed class AnthropicModel : IModel, IWireSource
#pragma warning restore CA1001
{
    // The wire's own limits end a call that hangs. This one is told to the provider, so it must be a real number.
    private static readonly TimeSpan NoLimit = TimeSpan.FromDays(1);

    private readonly AnthropicClient _client;
    private readonly WireFailures _failures;
    private readonly PricedModel? _price;
    private readonly RejectedParameters _rejected = new(AnthropicRequest.OutputConfig);

    public AnthropicModel(ModelInfo info, ProviderEndpoint endpoint, PricedModel? price, HttpClient http, WireFailures failures)
    {
        Info = info;
        (Endpoint, Http) = (endpoint, http);
        _price = price;
        _failures = failures;
        _client = new AnthropicClient(new ClientOptions
        {
            HttpClient = http,
            BaseUrl = endpoint.Address.AbsoluteUri.TrimEnd('/'),
            ApiKey = endpoint.Key, // Set, so that the SDK reads no credential from the process's environment.
            MaxRetries = 0,
            Timeout = NoLimit,
        });
    }

    public ModelInfo Info { get; }

    public ProviderEndpoint Endpoint { get; }

    public HttpClient Http { get; }

    public PricedModel? Price => _price;

    public IReadOnlyList<WireFormat> Formats { get; } = [WireFormat.Messages];

    public async Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        try
        {
            return await StreamAsync(request, onDelta, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e) when (_rejected.Learn(e))
        {
            // Refused for how it was asked, which is learnt once: asked again without it.
            return await AskAsync(request, onDelta, cancellationToken);
        }
#pragma warning disable CA1031 // An SDK may throw anything on hostile bytes; to the kernel each is a failed call.
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return AnthropicAnswer.StreamedError(e) is { } error
                ? _failures.InStream(error)
                : await _failures.DescribeAsync(e, request.Model, cancellationToken);
        }
#pragma warning restore CA1031
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
