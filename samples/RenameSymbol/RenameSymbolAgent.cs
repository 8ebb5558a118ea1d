using Cairn.Abstractions;
using Cairn.Sdk;
using Microsoft.CodeAnalysis.Rename;

namespace RenameSymbol;

/// <summary>
/// Renames a C# symbol over a whole solution, by meaning and not by text. No model takes part: this class is the
/// agent, and every awaited call on the runtime is a step that can be replayed, undone and resumed.
/// </summary>
public sealed class RenameSymbolAgent : CodeAgent
{
    private const int CommandSeconds = 1800;
    private const int ShownChars = 2000;

    /// <inheritdoc/>
    public override string Name => "rename-symbol";

    /// <inheritdoc/>
    protected override async Task<AgentResult> WorkAsync(AgentRuntime runtime, CancellationToken cancellationToken)
    {
        // 1. The task says what to rename, and how to see that nothing broke.
        var (task, problem) = RenameTask.Parse(runtime.Task);
        if (task is null)
        {
            return new AgentResult(false, problem);
        }

        // 2. Read the code through the runtime and let Roslyn understand it.
        var code = await RoslynSolution.LoadAsync(runtime, cancellationToken);
        (var symbol, problem) = await code.FindAsync(task.Symbol, cancellationToken);
        if (symbol is null)
        {
            return new AgentResult(false, problem);
        }

        var renamed = await Renamer.RenameSymbolAsync(code.Solution, symbol, RoslynSolution.Options(symbol), task.NewName, cancellationToken);

        // 3. Write what changed. Each write names the version that was read: nobody else's edit is ever lost.
        var changes = await code.ChangesAsync(renamed, cancellationToken);
        foreach (var (file, text) in changes)
        {
            (await runtime.WriteFileAsync(file.Path, text, file.Version, cancellationToken)).OrStop();
        }

        foreach (var command in RoslynSolution.MoveCommands(symbol, task.NewName))
        {
            (await runtime.RunCommandAsync(command, CommandSeconds, cancellationToken)).OrStop();
        }

        await runtime.CheckpointAsync($"renamed {task.Symbol} to {task.NewName} in {changes.Count} files", cancellationToken);

        // 4. Only a solution that still builds and passes its tests counts.
        foreach (var command in task.Checks)
        {
            var check = await runtime.RunCommandAsync(command, CommandSeconds, cancellationToken);
            if (check.Value is not { Passed: true })
            {
                var end = check.Text.Length > ShownChars ? "…" + check.Text[^ShownChars..] : check.Text;
                return new AgentResult(false, $"After renaming {task.Symbol} in {changes.Count} files, `{command}` failed:\n{end}");
            }
        }

        return new AgentResult(true, $"Renamed {task.Symbol} to {task.NewName} in {changes.Count} files; {task.Checks.Length} checks passed.");
    }
}
