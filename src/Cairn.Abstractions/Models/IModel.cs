namespace Cairn.Abstractions;

/// <summary>What is known of a model.</summary>
/// <param name="Provider">The provider's name: openai, anthropic, ollama, recorded, …</param>
/// <param name="Name">The model's name at the provider.</param>
/// <param name="ContextTokens">The size of its window: prompt and answer together.</param>
/// <param name="MaxOutputTokens">The most tokens of one answer.</param>
/// <param name="Recorded">True when its answers were recorded or scripted before: nothing live is asked.</param>
public sealed record ModelInfo(string Provider, string Name, int ContextTokens, int MaxOutputTokens, bool Recorded = false)
{
    /// <summary>US dollars per million input tokens; null when unknown.</summary>
    public decimal? InputPrice { get; init; }

    /// <summary>US dollars per million input tokens that the prompt cache serves; null when unknown.</summary>
    public decimal? CachedInputPrice { get; init; }

    /// <summary>US dollars per million output tokens; null when unknown.</summary>
    public decimal? OutputPrice { get; init; }

    /// <summary>How many models answer one call, for a consensus: each may use as many tokens and as much money as one.</summary>
    public int Voters { get; init; } = 1;

    /// <summary>provider:name, as the command line takes it.</summary>
    public string Id => $"{Provider}:{Name}";

    /// <summary>The price of a usage; null when the model has no known price.</summary>
    public decimal? Cost(ModelUsage usage) => InputPrice is { } input && OutputPrice is { } output
        ? (((usage.InputTokens - usage.CachedInputTokens) * input)
            + (usage.CachedInputTokens * (CachedInputPrice ?? input))
            + (usage.OutputTokens * output)) / 1_000_000m
        : null;
}

/// <summary>A piece of an answer while it streams. For display only: nothing is executed before the answer is whole.</summary>
/// <param name="Text">New text; empty when a tool call grows.</param>
/// <param name="ToolName">The tool whose call began.</param>
public readonly record struct ModelDelta(string Text, string? ToolName = null);

/// <summary>
/// A model as a device: takes a prompt, returns text and tool calls. One attempt per call; retries are the kernel's
/// decision. Implementations pass the model conformance suite.
/// </summary>
public interface IModel
{
    /// <summary>What is known of the model.</summary>
    ModelInfo Info { get; }

    /// <summary>
    /// Asks once, streaming. Expected failures are values; only <see cref="OperationCanceledException"/> is thrown.
    /// </summary>
    /// <param name="request">The whole question.</param>
    /// <param name="onDelta">Told of each piece as it arrives; may be null.</param>
    /// <param name="cancellationToken">Stops the stream.</param>
    Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken);
}

/// <summary>Finds models by their id.</summary>
public interface IModelCatalog
{
    /// <summary>Opens provider:name (or a bare name when only one provider can be meant).</summary>
    /// <returns>The model, or null with a text that says what is wrong and what to set.</returns>
    ValueTask<(IModel? Model, string? Problem)> OpenAsync(string id, CancellationToken cancellationToken);

    /// <summary>The models that can be used now: configured keys, and servers found on this machine's usual ports.</summary>
    ValueTask<IReadOnlyList<ModelAvailability>> FindAsync(CancellationToken cancellationToken);
}

/// <summary>A provider as `cairn doctor` shows it.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Available">A call could be made.</param>
/// <param name="Detail">Base address and models found, or what to set.</param>
/// <param name="Models">The ids found, best first; empty when they are only known by asking.</param>
public sealed record ModelAvailability(string Provider, bool Available, string Detail, IReadOnlyList<string> Models);
