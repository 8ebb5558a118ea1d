using System.Globalization;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Evals.Judges;

/// <summary>
/// The judge that runs a command: exit code 0 is a pass, nothing else is. What the command prints is only read for the
/// report and the score, so printed numbers can never turn a failure into a pass.
/// </summary>
public sealed class CommandJudge : IJudge
{
    /// <summary>The most characters of output in a report.</summary>
    public const int MaxTailChars = 6000;

    private const int OutputBytes = 512 * 1024;
    private const int MaxReportBytes = 16 * 1024;
    private const int NoProgram = 127;

    /// <inheritdoc/>
    public async Task<Judgment> JudgeAsync(IWorkspace workspace, JudgeSpec spec, Action<string>? onOutput, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        ArgumentNullException.ThrowIfNull(spec);
        var command = new SandboxCommand(["sh", "-c", spec.Command])
        {
            OnOutput = onOutput,
            Limits = new SandboxLimits { Wall = TimeSpan.FromSeconds(spec.TimeoutSeconds), OutputBytes = OutputBytes },
        };
        var result = await workspace.RunAsync(command, cancellationToken);
        var passed = result is { ExitCode: 0, LimitHit: null or "output" };
        var counts = TestCounts.Parse(result.Output) ?? TestCounts.Parse(result.Error);
        var score = counts is { Total: > 0 } ? counts.Rate : passed ? 1 : 0;
        return new Judgment(passed, score, SafeText.ForModel(Report(spec, result, passed, counts), MaxReportBytes));
    }

    private static string Report(JudgeSpec spec, SandboxResult result, bool passed, TestCounts? counts)
    {
        var report = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{(passed ? "passed" : "failed")}: `{SafeText.Line(spec.Command, 200)}` ")
            .Append(result switch
            {
                { TimedOut: true } => $"was stopped after {spec.TimeoutSeconds} s",
                { LimitHit: not null and not "output" } => $"was stopped by the limit on {result.LimitHit}",
                { ExitCode: NoProgram } => "exited with 127: a program was not found",
                _ => $"exited with {result.ExitCode}",
            })
            .Append(CultureInfo.InvariantCulture, $" after {result.Wall.TotalSeconds:0.0} s");
        if (counts is not null)
        {
            report.Append(CultureInfo.InvariantCulture, $"; {counts}");
        }

        if (!passed)
        {
            Tail(report, "output", result.Output);
            Tail(report, "errors", result.Error);
        }

        return report.ToString();
    }

    private static void Tail(StringBuilder report, string name, string output)
    {
        var text = SafeText.FromTerminal(output).Trim();
        if (text.Length > 0)
        {
            var cut = text.Length > MaxTailChars;
            report.Append(CultureInfo.InvariantCulture, $"\n--- {(cut ? "end of " : "")}{name}\n").Append(cut ? "… " + text[^MaxTailChars..] : text);
        }
    }
}
