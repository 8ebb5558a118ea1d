using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>
/// Compares a recorded answer with a live one. Lengths are compared before anything is paired: pairing alone (a zip) would
/// pass an answer that is a beginning of the other.
/// </summary>
internal static class AnswerDrift
{
    /// <summary>How two texts compare.</summary>
    public static TextDrift Text(string recorded, string live)
    {
        if (recorded == live)
        {
            return new(true, null, recorded.Length, live.Length, 1);
        }

        return new(false, recorded.AsSpan().CommonPrefixLength(live), recorded.Length, live.Length, Similarity(recorded, live));
    }

    /// <summary>What differs between two lists of tool calls: order, names, arguments as JSON values. The providers' ids mean nothing.</summary>
    public static ImmutableArray<string> Calls(ImmutableArray<ModelToolCall> recorded, ImmutableArray<ModelToolCall> live)
    {
        var differs = ImmutableArray.CreateBuilder<string>();
        for (var i = 0; i < Math.Max(recorded.Length, live.Length); i++)
        {
            var (then, now) = (i < recorded.Length ? recorded[i] : null, i < live.Length ? live[i] : null);
            var difference = (then, now) switch
            {
                ({ } x, null) => $"{x.Name} is missing",
                (null, { } x) => $"{x.Name} is new",
                ({ } x, { } y) when x.Name != y.Name => $"{y.Name} instead of {x.Name}",
                ({ } x, { } y) when !SameJson(x.Arguments, y.Arguments) => $"{x.Name} has other arguments",
                _ => null,
            };
            if (difference is not null)
            {
                differs.Add(string.Create(CultureInfo.InvariantCulture, $"call {i + 1}: {difference}"));
            }
        }

        return differs.ToImmutable();
    }

    /// <summary>How sure the model was of the tokens that both answers begin with; behind the first other token nothing is comparable.</summary>
    public static LogprobDrift Logprobs(ImmutableArray<TokenLogprob> recorded, ImmutableArray<TokenLogprob> live)
    {
        var (sum, largest, compared) = (0.0, 0.0, 0);
        while (compared < recorded.Length && compared < live.Length && recorded[compared].Token == live[compared].Token)
        {
            var difference = Math.Abs(recorded[compared].Logprob - live[compared].Logprob);
            (sum, largest) = (sum + difference, Math.Max(largest, difference));
            compared++;
        }

        return new(recorded.Length, live.Length, compared, compared == 0 ? 0 : sum / compared, largest);
    }

    private static bool SameJson(string a, string b)
    {
        if (a == b)
        {
            return true;
        }

        try
        {
            using var x = JsonDocument.Parse(a);
            using var y = JsonDocument.Parse(b);
            return JsonElement.DeepEquals(x.RootElement, y.RootElement);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static double Similarity(string a, string b)
    {
        var pairs = a.Length + b.Length - 2;
        if (a.Length < 2 || b.Length < 2)
        {
            return 0;
        }

        var counts = new Dictionary<(char, char), int>();
        for (var i = 1; i < a.Length; i++)
        {
            var pair = (a[i - 1], a[i]);
            counts[pair] = counts.GetValueOrDefault(pair) + 1;
        }

        var shared = 0;
        for (var i = 1; i < b.Length; i++)
        {
            var pair = (b[i - 1], b[i]);
            if (counts.TryGetValue(pair, out var left) && left > 0)
            {
                counts[pair] = left - 1;
                shared++;
            }
        }

        return 2.0 * shared / pairs;
    }
}
