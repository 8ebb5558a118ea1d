using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>What is known of a model before it is asked.</summary>
internal static class ModelFacts
{
    /// <summary>Says the window of a model that nobody else knows.</summary>
    public const string ContextVariable = "CAIRN_CONTEXT_TOKENS";

    private const int HostedContext = 128_000;
    private const int HostedOutput = 16_384;
    private const int LocalContext = 32_768;
    private const int LocalOutput = 8_192;

    public static ModelInfo Of(KnownProvider provider, string name, PricedModel? price, int? listedContext, Func<string, string?> environment)
    {
        if (price is not null)
        {
            return new(provider.Name, name, price.Context, price.MaxOutput)
            {
                InputPrice = price.Input,
                CachedInputPrice = price.CachedInput,
                OutputPrice = price.Output,
            };
        }

        var context = Tokens(environment(ContextVariable))
            ?? listedContext
            ?? (provider.Name == "ollama" ? Tokens(environment("OLLAMA_CONTEXT_LENGTH")) : null)
            ?? (provider.NeedsKey ? HostedContext : LocalContext);
        // An answer may take a quarter of a small window: the prompt needs the rest.
        var output = Math.Min(provider.NeedsKey ? HostedOutput : LocalOutput, Math.Max(1, context / 4));
        decimal? free = provider.Local ? 0m : null;
        return new(provider.Name, name, context, output) { InputPrice = free, CachedInputPrice = free, OutputPrice = free };
    }

    private static int? Tokens(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) && tokens > 0 ? tokens : null;
}
