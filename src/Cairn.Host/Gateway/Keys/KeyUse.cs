namespace Cairn.Host;

/// <summary>What the keys of a state directory were used for, also while a daemon has it open.</summary>
public static class KeyUse
{
    /// <summary>Every key with the sum of its calls, in the order in which they were made.</summary>
    public static IReadOnlyList<KeyView> Of(string stateDirectory, TimeProvider time)
    {
        var sums = new CallFiles(stateDirectory).Total();
        return [.. new KeyFile(stateDirectory, time).Load().Select(key => sums.TryGetValue(key.Id, out var sum)
            ? new KeyView(key, sum.Requests, sum.Tokens, sum.Usd)
            : new KeyView(key, 0, 0, 0))];
    }
}
