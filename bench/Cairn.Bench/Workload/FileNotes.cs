using System.Globalization;
using Cairn.Sdk;

namespace Cairn.Bench.Workload;

/// <summary>
/// The code agent of the rows in which everything is real: each step writes a file on the run's layers. Public, so that a
/// daemon can load it by `cairn serve --code`. Its task is "STEPS BYTES".
/// </summary>
public sealed class FileNotes : CodeAgent
{
    /// <summary>The file of each step.</summary>
    public const string Path = "notes.txt";

    /// <inheritdoc/>
    public override string Name => "file-notes";

    /// <inheritdoc/>
    public override bool OnlyComputes => true;

    /// <summary>The task of a run.</summary>
    public static string TaskOf(int steps, int bytes) => string.Create(CultureInfo.InvariantCulture, $"{steps} {bytes}");

    /// <inheritdoc/>
    protected override async Task<AgentResult> WorkAsync(AgentRuntime runtime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        var task = runtime.Task.Split(' ');
        var (steps, bytes) = (int.Parse(task[0], CultureInfo.InvariantCulture), int.Parse(task[1], CultureInfo.InvariantCulture));
        BlobHash? version = null;
        for (var step = 1; step <= steps; step++)
        {
            var answer = await runtime.WriteFileAsync(Path, Payloads.Of(runtime.Run.Value, step, bytes), version, cancellationToken);
            if (answer.Value is null)
            {
                return new(false, answer.Text);
            }

            version = answer.Value.Version;
        }

        // The run stays open, as a run does whose process is killed.
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return new(true, "done");
    }
}
