using System.CommandLine;
using System.Text.Json;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn show: the state and the exact prompt at a place of a run.</summary>
internal static class ShowCommand
{
    private static readonly JsonSerializerOptions Indented = new(CliJson.Default.Options) { WriteIndented = true };

    public static Command Make()
    {
        var id = RunArgument.Make();
        var at = new Option<string>("--at") { Description = "A step (7), a checkpoint (c3), a record (@17) or end", DefaultValueFactory = _ => "end", HelpName = "PLACE" };
        var command = new Command("show", "Show the state and the exact prompt at a place of a run.") { id, at };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var view = await cairn.ShowAsync(run.Id, parse.GetRequiredValue(at), token);
            if (call.IsJson)
            {
                Output.Json(view, CliJson.Default.StateView);
                return ExitCode.Ok;
            }

            Output.Write($"Run {run.Id} at position {view.Position}: {view.Phase}");
            Output.Write($"State {view.StateHash}");
            Output.Line(Safe.Text(JsonSerializer.Serialize(view.State, new CliJson(new JsonSerializerOptions(Indented)).JsonElement)));
            if (view.LastCall is { } last && EffectLines.Of(last, int.MaxValue) is { Count: > 0 } lines)
            {
                Output.Write($"The last tool call before it ({last.Call}) did this:");
                foreach (var line in lines)
                {
                    Output.Write($"  {line}");
                }
            }

            if (view.CutOff is { Length: > 0 } cut)
            {
                Output.Line("Cut off by a stop, and due again:");
                Output.Line(Safe.Text(cut));
            }

            if (view.Prompt is null)
            {
                Output.Line("No model call is due here: --at STEP shows the prompt of a step.");
                return ExitCode.Ok;
            }

            Output.Write($"Prompt {view.PromptHash}, at most {view.PromptTokens} tokens, {view.Prompt.Tools.Length} tools");
            foreach (var message in view.Prompt.Messages)
            {
                Output.Write($"--- {message.Role.ToString().ToLowerInvariant()}{(message.ToolCallId is null ? "" : $" {message.ToolCallId}{(message.IsError ? " (error)" : "")}")}");
                Output.Line(Safe.Text(message.Text));
                foreach (var tool in message.ToolCalls)
                {
                    Output.Line(Safe.Text($"[call {tool.Id}] {tool.Name} {tool.Arguments}"));
                }
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
