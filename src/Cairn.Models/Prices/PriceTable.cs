using System.Text.Json;
using System.Text.RegularExpressions;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Published prices and limits by provider and model. What is not in the table has no price: nothing is guessed.</summary>
internal static partial class PriceTable
{
    private static readonly Lazy<PriceFile> File = new(Load);

    /// <summary>The day on which the table was last looked over.</summary>
    public static string Date => File.Value.Date;

    /// <summary>The rows, as shipped.</summary>
    public static IReadOnlyList<PricedModel> Rows => File.Value.Models;

    /// <summary>Finds a model by its name, or by its name without a snapshot date (gpt-5-2025-08-07 is gpt-5).</summary>
    public static PricedModel? Find(string provider, string name)
    {
        var plain = Snapshot().Replace(name, "");
        return Rows.FirstOrDefault(row => row.Provider == provider && row.Name == name)
            ?? Rows.FirstOrDefault(row => row.Provider == provider && row.Name == plain);
    }

    /// <summary>The price of a call; null when the model has none.</summary>
    /// <param name="row">The model's row.</param>
    /// <param name="usage">What was used; <see cref="ModelUsage.InputTokens"/> includes cache reads and writes.</param>
    /// <param name="cacheWrites">The part of the input that was written to the provider's cache, which costs extra.</param>
    public static decimal? Cost(PricedModel? row, ModelUsage usage, long cacheWrites)
    {
        if (row is null)
        {
            return null;
        }

        var tier = row.Long is { } dear && usage.InputTokens > dear.Above
            ? dear
            : new LongPrice(0, row.Input, row.CachedInput, row.Output, row.CacheWrite);
        var fresh = usage.InputTokens - usage.CachedInputTokens - cacheWrites;
        return ((fresh * tier.Input)
            + (usage.CachedInputTokens * tier.CachedInput)
            + (cacheWrites * (tier.CacheWrite ?? tier.Input))
            + (usage.OutputTokens * tier.Output)) / 1_000_000m;
    }

    private static PriceFile Load()
    {
        using var stream = typeof(PriceTable).Assembly.GetManifestResourceStream("prices.json")
            ?? throw new InvalidOperationException("The price table is not embedded in this build.");
        return JsonSerializer.Deserialize(stream, ModelsJson.Default.PriceFile)
            ?? throw new InvalidOperationException("The price table is empty.");
    }

    [GeneratedRegex(@"-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$")]
    private static partial Regex Snapshot();
}
