using System.Text;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Shell;

/// <summary>shell_send: types into a persistent shell of the run.</summary>
internal sealed class ShellSendTool() : DriverTool(
    "Shell", "shell_send", EffectClass.Sandboxed, TimeSpan.FromSeconds(MaxSeconds + 60),
    """{"shell":null,"input":"cd src && export DEBUG=1","keys":null,"wait_seconds":null}""")
{
    public const string Main = "main";
    private const int DefaultSeconds = 30;
    private const int MaxSeconds = 900;
    private const int OutputBytes = 24 * 1024;
    private const int ExactOutputBytes = 1024 * 1024;
    private const int MaxInputBytes = 64 * 1024;

    /// <summary>A terminal takes no longer line: the rest of it would be lost without a word.</summary>
    private const int MaxLineBytes = 4000;

    protected override async Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        if (context.Workspace.Shells is not { } shells)
        {
            return ToolResult.Failed("There are no persistent shells here; use run_command.");
        }

        var input = Text(arguments, "input");
        var typed = input is null ? "" : input.Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n') + "\n";
        if (typed.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(typed) > MaxInputBytes
            || typed.Split('\n').Any(line => Encoding.UTF8.GetByteCount(line) > MaxLineBytes))
        {
            return ToolResult.Failed($"Nothing was typed: a line may have {MaxLineBytes:N0} bytes, all of the input {MaxInputBytes:N0}, and no NUL. Put long texts into a file with write_file.");
        }

        var sent = new ShellInput(
            context.Call,
            Text(arguments, "shell") ?? Main,
            Encoding.UTF8.GetBytes(typed + Keys(arguments)),
            TimeSpan.FromSeconds(Number(arguments, "wait_seconds") ?? DefaultSeconds),
            context.Exact ? ExactOutputBytes : OutputBytes) { OnOutput = context.OnOutput };
        var answer = await shells.SendAsync(sent, cancellationToken);
        return ToolResult.Ok(ShellAnswerText.Of(answer, context.Workspace.Root, OutputBytes)) with
        {
            Processes = answer.Running.Length,
            Data = Data(context, new ShellData(answer.Output, answer.ExitCode, answer.Ended, answer.AsksForInput, answer.Directory, answer.Running, answer.Notes), CairnJson.Default.ShellData),
        };
    }

    private static string Keys(JsonElement arguments) =>
        arguments.TryGetProperty("keys", out var keys) && keys.ValueKind == JsonValueKind.Array
            ? string.Concat(keys.EnumerateArray().Select(k => Code(k.GetString())))
            : "";

    private static string Code(string? key) => key switch
    {
        "ctrl-c" => "\u0003",
        "ctrl-d" => "\u0004",
        "ctrl-z" => "\u001a",
        "ctrl-l" => "\f",
        "ctrl-\\" => "\u001c",
        "escape" => "\e",
        "tab" => "\t",
        "enter" => "\r",
        "up" => "\e[A",
        "down" => "\e[B",
        "right" => "\e[C",
        "left" => "\e[D",
        "backspace" => "\u007f",
        _ => "",
    };
}
