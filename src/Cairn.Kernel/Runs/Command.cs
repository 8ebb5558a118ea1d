using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>What the kernel wants done. The host writes the intent, does it, and writes the result.</summary>
public abstract record Command;

/// <summary>Ask the model.</summary>
/// <param name="Step">The step.</param>
/// <param name="Attempt">The attempt, from 1.</param>
/// <param name="Plan">The prompt.</param>
/// <param name="MaxOutputTokens">The most tokens that the answer may have.</param>
/// <param name="Reserve">What must be set aside.</param>
/// <param name="Delay">Wait so long before asking.</param>
public sealed record AskModel(
    int Step, int Attempt, PromptPlan Plan, int MaxOutputTokens, Reservation Reserve, TimeSpan Delay) : Command
{
    /// <summary>What is moved in the context to make room; null for nothing.</summary>
    public ContextDecision? Context { get; init; }
}

/// <summary>Tell the agent what became of files that somebody changed behind its back, before it is asked again.</summary>
/// <param name="Paths">The files.</param>
public sealed record RefreshFiles(ImmutableArray<string> Paths) : Command;

/// <summary>Ask the archive what matters for what the run is about. It runs beside everything else, and nothing waits for it.</summary>
/// <param name="Query">The text of the query.</param>
public sealed record AskArchive(BlobHash Query) : Command;

/// <summary>Run a tool.</summary>
/// <param name="Step">The step.</param>
/// <param name="Call">The call.</param>
/// <param name="Layer">The files that it starts from.</param>
/// <param name="Policy">What the policy said; null in a run without one.</param>
public sealed record RunTool(int Step, TurnCall Call, LayerId? Layer, PolicyVerdict? Policy = null) : Command;

/// <summary>Answer a call that the policy forbids.</summary>
/// <param name="Step">The step.</param>
/// <param name="Call">The call.</param>
/// <param name="Policy">What the policy said.</param>
/// <param name="Text">What the agent is told.</param>
public sealed record DenyTool(int Step, TurnCall Call, PolicyVerdict Policy, string Text) : Command;

/// <summary>Ask a human.</summary>
/// <param name="Decision">The question.</param>
/// <param name="Kind">question, merge or unknown-effect.</param>
/// <param name="Call">The tool call that waits for it.</param>
public sealed record AskHuman(DecisionId Decision, string Kind, TurnCall? Call) : Command;

/// <summary>Run the judge.</summary>
/// <param name="Round">From 1.</param>
/// <param name="Layer">What is judged.</param>
public sealed record RunJudge(int Round, LayerId? Layer) : Command;

/// <summary>Merge the run's changes into the repository.</summary>
/// <param name="Layer">What is merged.</param>
public sealed record MergeChanges(LayerId? Layer) : Command;

/// <summary>Write the closing record.</summary>
/// <param name="Outcome">How the run ends.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record EndRun(RunOutcome Outcome, string Reason) : Command;

/// <summary>What a model call may cost at most.</summary>
/// <param name="Tokens">Prompt and answer.</param>
/// <param name="Usd">At the model's prices; 0 when they are unknown.</param>
public readonly record struct Reservation(long Tokens, decimal Usd);
