using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Kernel.Cedar;

/// <summary>A question to a policy: may this one do that to that?</summary>
/// <param name="Principal">Who.</param>
/// <param name="Action">Does what.</param>
/// <param name="Resource">To what.</param>
/// <param name="Context">Under which circumstances.</param>
public sealed record PolicyRequest(EntityUid Principal, EntityUid Action, EntityUid Resource, RecordValue Context);

/// <summary>A rule that could not be evaluated for a request. It decides nothing.</summary>
/// <param name="Rule">The rule's id.</param>
/// <param name="Message">Why.</param>
public sealed record PolicyError(string Rule, string Message);

/// <summary>A policy's answer.</summary>
/// <param name="IsAllowed">A rule permits it and none forbids it.</param>
/// <param name="DecidingRules">
/// The rules that decided, in the order of the text: those that forbid, else those that permit; none when nothing
/// permits it.
/// </param>
/// <param name="Errors">Rules that could not be evaluated; they were left out.</param>
/// <param name="PolicyHash">The hash of the policy's text.</param>
public sealed record PolicyDecision(bool IsAllowed, ImmutableArray<string> DecidingRules, ImmutableArray<PolicyError> Errors, BlobHash PolicyHash);
