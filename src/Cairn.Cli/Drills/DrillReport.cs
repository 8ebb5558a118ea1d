namespace Cairn.Cli.Drills;

/// <summary>What a drill brought.</summary>
/// <param name="Seed">Decided about the moments.</param>
/// <param name="Kills">Processes that were killed while they worked.</param>
/// <param name="Resumes">Processes that took a run up again.</param>
/// <param name="Jobs">Jobs that were carried to their end.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Problems">What was not as without a kill; empty when all is well.</param>
internal sealed record DrillReport(int Seed, int Kills, int Resumes, int Jobs, double Seconds, IReadOnlyList<string> Problems)
{
    /// <summary>All is as it would have been without a kill.</summary>
    public bool Passed => Problems.Count == 0;
}
