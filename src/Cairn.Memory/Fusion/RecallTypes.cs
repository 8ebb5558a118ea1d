namespace Cairn.Memory.Fusion;

/// <summary>What one store found.</summary>
/// <param name="Key">The thing's name, the same in all stores.</param>
/// <param name="Why">Why it suits, for people and models.</param>
public sealed record StoreHit(string Key, string Why);

/// <summary>Why a thing is in an answer.</summary>
/// <param name="Store">Which store found it.</param>
/// <param name="Rank">At which place, from 1.</param>
/// <param name="Why">Why it suits.</param>
public sealed record RecallReason(string Store, int Rank, string Why);

/// <summary>A thing in an answer.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Score">The sum of its places in the stores: only good for comparison within one answer.</param>
/// <param name="Reasons">Where it was found, best place first.</param>
public sealed record RecallItem(string Key, double Score, IReadOnlyList<RecallReason> Reasons);

/// <summary>An answer of all stores together.</summary>
/// <param name="Items">What was found, best first.</param>
/// <param name="Silent">The stores that did not answer in time or failed, with the reason.</param>
public sealed record RecallAnswer(IReadOnlyList<RecallItem> Items, IReadOnlyDictionary<string, string> Silent);

/// <summary>A store that can be asked.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Weight">How much a place in it counts beside the others; 1 for as much.</param>
/// <param name="AskAsync">Gives what it found, best first.</param>
public sealed record RecallStore(string Name, double Weight, Func<CancellationToken, Task<IReadOnlyList<StoreHit>>> AskAsync);
