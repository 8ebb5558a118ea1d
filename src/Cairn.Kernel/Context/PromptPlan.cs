using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Which texts make up a prompt, in order. Holds hashes only; <see cref="PromptRenderer"/> turns it into the request
/// once the bodies are at hand. The stable parts come first so that providers' prompt caches hit.
/// </summary>
/// <param name="Spec">Role, rules, tools and task.</param>
/// <param name="Model">The model that is asked.</param>
/// <param name="History">Settled turns and notes.</param>
/// <param name="Window">What of it is in the prompt, in which form.</param>
/// <param name="Tokens">Upper bound of the whole prompt's tokens.</param>
/// <param name="Footer">The last line, which changes with each step; "" for none.</param>
public sealed record PromptPlan(
    RunStarted Spec, ModelBinding Model, HashedList<HistoryEntry> History, ContextWindow Window, int Tokens, string Footer);
