using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Cairn.Abstractions;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Responses;

#pragma warning disable OPENAI001 // The SDK calls its client of the Responses API preliminary; the pinned version is tested.

namespace Cairn.Models;

/// <summary>
/// A model behind OpenAI Chat Completions: OpenAI itself, and every server that speaks its language. OpenAI gives its
/// newer models tools only over its Responses API; those are asked there, which is known beforehand or learnt once.
/// </summary>
internal sealed class OpenAiModel : IModel, IWireSource
{
    private const string OpenAiHost = "api.openai.com";

    private readonly ChatClient _chat;
    private readonly ResponsesClient _responses;
    private readonly WireFailures _failures;
    private readonly PricedModel? _price;
    private readonly RejectedParameters _rejected = new(
        OpenAiRequest.Temperature, OpenAiRequest.TopP, OpenAiRequest.Seed, OpenAiRequest.MaxCompletionTokens,
        OpenAiRequest.MaxTokens, OpenAiRequest.Strict, OpenAiRequest.Logprobs, OpenAiRequest.ResponseFormat, OpenAiRequest.TextFormat);

    private volatile bool _overResponses;

    public OpenAiModel(ModelInfo info, ProviderEndpoint endpoint, PricedModel? price, HttpClient http, WireFailures failures)
    {
        Info = info;
        (Endpoint, Http) = (endpoint, http);
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

        // A gateway may not have that API; it is asked like any compatible server first.
        _overResponses = price is { Responses: true } && endpoint.Address.Host == OpenAiHost;

        // Local servers want no key, but the SDK does not send without one.
        var key = new ApiKeyCredential(endpoint.Key ?? "none");
        _chat = new ChatClient(info.Name, key, OneAttempt(new OpenAIClientOptions { Endpoint = endpoint.Address }, http));
        _responses = new ResponsesClient(key, OneAttempt(new ResponsesClientOptions { Endpoint = endpoint.Address }, http));
    }

    public ModelInfo Info { get; }

    public ProviderEndpoint Endpoint { get; }

    public HttpClient Http { get; }

    public PricedModel? Price => _price;

    // Only OpenAI itself is known to have both.
    public IReadOnlyList<WireFormat> Formats => Endpoint.Provider != "openai" ? [WireFormat.Chat]
        : _overResponses ? [WireFormat.Responses, WireFormat.Chat] : [WireFormat.Chat, WireFormat.Responses];

    public async Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return _overResponses
                    ? await ResponsesAsync(request, onDelta, cancellationToken)
                    : await ChatAsync(request, onDelta, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
#pragma warning disable CA1031 // An SDK may throw anything on hostile bytes; to the kernel each is a failed call.
            catch (Exception e) when (!Learn(e))
            {
                cancellationToken.ThrowIfCancellationRequested();
                return await _failures.DescribeAsync(e, request.Model, cancellationToken);
            }
            catch (Exception)
            {
                // Refused for how it was asked, not for what: ask again as was learnt. Each lesson leads here at most once.
            }
#pragma warning restore CA1031
        }
    }

    private async Task<ModelOutcome> ChatAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        var answer = new OpenAiAnswer(onDelta);
        var updates = _chat.CompleteChatStreamingAsync(
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
        return Outcome(request, answer.Complete());
    }

    private async Task<ModelOutcome> ResponsesAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        var answer = new ResponsesAnswer(onDelta);
        using var content = BinaryContent.Create(BinaryData.FromString(ResponsesRequest.Build(request, _rejected)));
        var options = new RequestOptions { BufferResponse = false, CancellationToken = cancellationToken };
        options.SetHeader("Accept", "text/event-stream");
        var result = await _responses.CreateResponseAsync(content, options);
        using var response = result.GetRawResponse();
        await foreach (var item in SseParser.Create(response.ContentStream ?? Stream.Null).EnumerateAsync(cancellationToken))
        {
            if (item.Data is "[DONE]")
            {
                break; // Some gateways end so; OpenAI does not.
            }

            using var update = JsonDocument.Parse(item.Data);
            if (answer.Add(update.RootElement) is { } error)
            {
                return _failures.InStream(error);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Outcome(request, answer.Complete());
    }

    private ModelOutcome Outcome(ModelRequest request, ModelResponse? response) => response is null
        ? _failures.Unfinished()
        : ModelOutcome.Answered(response with
        {
            CostUsd = PriceTable.Cost(_price, response.Usage, cacheWrites: 0) ?? Info.Cost(response.Usage),
            Model = response.Model.Length > 0 ? response.Model : request.Model,
        });

    private bool Learn(Exception exception)
    {
        if (!_overResponses && WireException.In(exception) is { Status: 400 or 404 } refusal
            && ErrorBody.Parse(refusal.Body).Message.Contains("v1/responses", StringComparison.Ordinal))
        {
            _overResponses = true;
            return true;
        }

        return _rejected.Learn(exception);
    }

    private static T OneAttempt<T>(T options, HttpClient http)
        where T : ClientPipelineOptions
    {
        options.Transport = new HttpClientPipelineTransport(http);
        options.RetryPolicy = new ClientRetryPolicy(maxRetries: 0);
        options.NetworkTimeout = Timeout.InfiniteTimeSpan;
        return options;
    }
}
