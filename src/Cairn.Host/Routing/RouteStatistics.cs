using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>What was learned of a model.</summary>
internal sealed record LearnedModel
{
    /// <summary>Outcomes of the last calls, newest last: 1 for an answer, 0 for a failure.</summary>
    public string Outcomes { get; init; } = "";

    /// <summary>Milliseconds until the first piece of an answer, smoothed.</summary>
    public double? FirstPieceMs { get; init; }

    /// <summary>Milliseconds per token after it, smoothed.</summary>
    public double? TokenMs { get; init; }
}

/// <summary>
/// How quick and how reliable each model was lately. A view that may be lost: it is kept in a file beside the journal so
/// that a new process need not learn it again, and each decision records the numbers that it was made with.
/// </summary>
/// <param name="path">The file; null to keep it in memory.</param>
internal sealed class RouteStatistics(string? path)
{
    /// <summary>Calls that are remembered of each model.</summary>
    private const int Remembered = 50;

    private const int MaxModels = 1000;

    /// <summary>The weight of the newest call.</summary>
    private const double Newest = 0.2;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, LearnedModel> _models = Load(path);

    public LearnedModel Of(string model)
    {
        lock (_gate)
        {
            return _models.GetValueOrDefault(model) ?? new();
        }
    }

    /// <summary>Learns from a call that was not cancelled.</summary>
    public void Learn(string model, bool answered, double? firstPieceMs, double ms, long outputTokens)
    {
        lock (_gate)
        {
            if (!_models.TryGetValue(model, out var known) && _models.Count >= MaxModels)
            {
                return;
            }

            known ??= new();
            var outcomes = known.Outcomes + (answered ? '1' : '0');
            known = known with { Outcomes = outcomes[Math.Max(0, outcomes.Length - Remembered)..] };
            if (answered)
            {
                var first = firstPieceMs ?? ms;
                known = known with
                {
                    FirstPieceMs = Smooth(known.FirstPieceMs, first),
                    TokenMs = outputTokens > 0 ? Smooth(known.TokenMs, Math.Max(0, ms - first) / outputTokens) : known.TokenMs,
                };
            }

            _models[model] = known;
            Save();
        }
    }

    private static double Smooth(double? before, double now) => Math.Round(before is { } old ? old + (Newest * (now - old)) : now, 3);

    // Small, and written once per answer of a model, which takes far longer.
    private void Save()
    {
        if (path is null)
        {
            return;
        }

        try
        {
            var fresh = $"{path}.{Environment.ProcessId}.new";
            File.WriteAllBytes(fresh, JsonSerializer.SerializeToUtf8Bytes(_models, HostJson.Default.SortedDictionaryStringLearnedModel));
            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What was learned is still in memory; the next process learns again.
        }
    }

    private static SortedDictionary<string, LearnedModel> Load(string? path)
    {
        try
        {
            var read = path is null ? null : JsonSerializer.Deserialize(File.ReadAllBytes(path), HostJson.Default.SortedDictionaryStringLearnedModel);
            return new(read ?? [], StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return new(StringComparer.Ordinal);
        }
    }
}
