namespace Cairn.Abstractions;

/// <summary>A verdict on a run's work.</summary>
/// <param name="Passed">The work is accepted.</param>
/// <param name="Score">0 to 1.</param>
/// <param name="Report">What was seen, for the agent and for people.</param>
public sealed record Judgment(bool Passed, double Score, string Report);

/// <summary>Judges the state of a workspace. Changes nothing that outlives it.</summary>
public interface IJudge
{
    /// <summary>Judges.</summary>
    /// <param name="workspace">A workspace of the judge's own over the finished layers.</param>
    /// <param name="spec">What to check.</param>
    /// <param name="onOutput">Told of output while it arrives; may be null.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<Judgment> JudgeAsync(IWorkspace workspace, JudgeSpec spec, Action<string>? onOutput, CancellationToken cancellationToken);
}

/// <summary>Asks people.</summary>
public interface IHuman
{
    /// <summary>Asks and waits for the answer; null when nobody can be asked here.</summary>
    /// <param name="question">The text.</param>
    /// <param name="options">Answers to choose from; empty for free text.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken);

    /// <summary>Asks under an id, for those who keep questions until somebody comes by.</summary>
    Task<string?> AskAsync(HumanQuestion question, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(question);
        return AskAsync(question.Text, question.Options, cancellationToken);
    }
}

/// <summary>A question of a run to a human.</summary>
/// <param name="Run">The run.</param>
/// <param name="Decision">The question's id in it.</param>
/// <param name="Kind">question, merge or unknown-effect.</param>
/// <param name="Text">The text.</param>
/// <param name="Options">Answers to choose from; empty for free text.</param>
public sealed record HumanQuestion(RunId Run, DecisionId Decision, string Kind, string Text, IReadOnlyList<string> Options);
