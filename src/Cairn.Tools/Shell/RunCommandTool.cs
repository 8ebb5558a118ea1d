using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Tools.Calls;
using Cairn.Tools.Files;

namespace Cairn.Tools.Shell;

/// <summary>run_command: one shell command in the sandbox.</summary>
internal sealed class RunCommandTool(EffectClass effect) : DriverTool(
    "Shell", "run_command", effect, TimeSpan.FromSeconds(MaxSeconds + 60),
    """{"command":"python3 -m unittest -v","directory":null,"timeout_seconds":120}""", "proc.spawn")
{
    private const int DefaultSeconds = 120;
    private const int MaxSeconds = 1800;
    private const int MaxCommandBytes = 100 * 1024;
    private const int OutputBytes = 24 * 1024;
    private const int ExactOutputBytes = 1024 * 1024;

    // bash where the system has it, else the plain shell; the command is an argument and never part of this text.
    private const string Shell = "if command -v bash >/dev/null 2>&1; then exec bash -c \"$1\"; else exec sh -c \"$1\"; fi";

    protected override async Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var line = Text(arguments, "command") ?? "";
        if (string.IsNullOrWhiteSpace(line) || line.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(line) > MaxCommandBytes)
        {
            return ToolResult.Failed($"The command is empty, holds a NUL or is longer than {MaxCommandBytes:N0} bytes. Put long texts into a file with write_file.");
        }

        var directory = WorkspacePath.Of(context.Workspace, Text(arguments, "directory") ?? "");
        if (directory.Length > 0 && context.Workspace.Stat(directory) is not { Kind: EntryKind.Directory or EntryKind.Link })
        {
            return ToolResult.Failed($"The directory {WorkspacePath.Shown(directory)} does not exist. The command was not run.");
        }

        var command = new SandboxCommand(["sh", "-c", Shell, "sh", line])
        {
            Directory = directory,
            Network = true,
            OnOutput = context.OnOutput,
            Limits = new SandboxLimits
            {
                Wall = TimeSpan.FromSeconds(Number(arguments, "timeout_seconds") ?? DefaultSeconds),
                OutputBytes = context.Exact ? ExactOutputBytes : OutputBytes,
            },
        };
        var result = await context.Workspace.RunAsync(command, cancellationToken);
        var data = new CommandData(result.ExitCode, result.Output, result.Error, (long)result.Wall.TotalMilliseconds, result.LimitHit);
        return new ToolResult(result.TimedOut ? ToolStatus.TimedOut : ToolStatus.Ok, Describe(result))
        {
            LimitHit = result.LimitHit,
            Processes = 1,
            Context = result.ExitCode == 0 ? null : new ContextReport { IsError = true },
            Data = Data(context, data, CairnJson.Default.CommandData),
        };
    }

    private static string Describe(SandboxResult result)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"exit code {result.ExitCode}, {result.Wall.TotalSeconds:0.00} s");
        if (result.LimitHit is { } limit)
        {
            text.Append(CultureInfo.InvariantCulture, $", limit hit: {limit}");
        }

        Section(text, "output", result.Output);
        Section(text, "errors", result.Error);
        return result.Output.Length + result.Error.Length == 0 ? text.Append(", no output").ToString() : text.ToString();
    }

    private static void Section(StringBuilder text, string name, string output)
    {
        var shown = SafeText.FromTerminal(output).TrimEnd();
        if (shown.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n--- {name}\n{SafeText.ForModel(shown, OutputBytes + 1024)}");
        }
    }
}
