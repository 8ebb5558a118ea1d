namespace Cairn.Memory.Fusion;

/// <summary>
/// Asks several stores at once and makes one answer of theirs by reciprocal rank: a place counts 1 / (60 + place), so what
/// several stores found stands above what only one did, and no store's scores must be comparable with another's.
/// </summary>
public static class Recall
{
    /// <summary>The constant of reciprocal rank fusion as its authors chose it: how slowly places lose weight.</summary>
    public const int Constant = 60;

    /// <summary>Asks and fuses.</summary>
    /// <param name="stores">The stores.</param>
    /// <param name="most">The most things in the answer.</param>
    /// <param name="deadline">How long the stores have; those that take longer are left out and named.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<RecallAnswer> AskAsync(
        IReadOnlyList<RecallStore> stores, int most, TimeSpan deadline, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stores);
        using var timer = new CancellationTokenSource(deadline, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        var asked = stores.Select(store => (Store: store, Answer: Task.Run(() => store.AskAsync(both.Token), both.Token))).ToList();
        var answers = new List<(RecallStore Store, IReadOnlyList<StoreHit> Hits)>();
        var silent = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (store, answer) in asked)
        {
            try
            {
                // A store that ignores the deadline is not waited for.
                answers.Add((store, await answer.WaitAsync(both.Token)));
            }
            catch (OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                silent[store.Name] = $"did not answer within {deadline.TotalMilliseconds:0} ms";
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                silent[store.Name] = e.Message;
            }
        }

        return new(Fuse(answers, most), silent);
    }

    /// <summary>Makes one ranking of several.</summary>
    public static IReadOnlyList<RecallItem> Fuse(IEnumerable<(RecallStore Store, IReadOnlyList<StoreHit> Hits)> answers, int most)
    {
        var items = new Dictionary<string, (double Score, List<RecallReason> Reasons)>(StringComparer.Ordinal);
        foreach (var (store, hits) in answers)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var hit in hits.Where(hit => seen.Add(hit.Key)))
            {
                var rank = seen.Count;
                var (score, reasons) = items.TryGetValue(hit.Key, out var item) ? item : (0, []);
                reasons.Add(new(store.Name, rank, hit.Why));
                items[hit.Key] = (score + (store.Weight / (Constant + rank)), reasons);
            }
        }

        return
        [
            .. items.OrderByDescending(item => item.Value.Score).ThenBy(item => item.Key, StringComparer.Ordinal).Take(most)
                .Select(item => new RecallItem(item.Key, item.Value.Score, [.. item.Value.Reasons.OrderBy(reason => reason.Rank)])),
        ];
    }
}
