namespace Cairn.Models;

/// <summary>The form of prices.json: US dollars per million tokens.</summary>
internal sealed record PriceFile(string Date, string Note, IReadOnlyList<PricedModel> Models);

/// <summary>One model's published price and limits.</summary>
/// <param name="Long">The price of a call whose whole prompt is longer than <see cref="LongPrice.Above"/> tokens.</param>
/// <param name="Sampling">False when the model rejects temperature and top_p.</param>
internal sealed record PricedModel(
    string Provider,
    string Name,
    int Context,
    int MaxOutput,
    decimal Input,
    decimal CachedInput,
    decimal Output,
    string Date,
    string Source,
    decimal? CacheWrite = null,
    LongPrice? Long = null,
    bool Sampling = true);

/// <summary>A dearer tier for long prompts; it applies to every token of such a call.</summary>
internal sealed record LongPrice(int Above, decimal Input, decimal CachedInput, decimal Output, decimal? CacheWrite = null);
