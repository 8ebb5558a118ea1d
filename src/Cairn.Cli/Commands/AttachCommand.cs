using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Host;

namespace Cairn.Cli.Commands;

/// <summary>cairn attach: a terminal on a live shell of a run.</summary>
internal static class AttachCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var shell = new Argument<string?>("shell") { Description = "The shell; not needed when there is only one, or one named main", Arity = ArgumentArity.ZeroOrOne };
        var readOnly = new Option<bool>("--read-only") { Description = "Only look: no key is passed on" };
        var raw = new Option<bool>("--raw") { Description = "Also when this is no terminal: print raw bytes until the shell ends or the input does, and type what is read" };
        var command = new Command(
            "attach",
            "Attach this terminal to a live shell of a run; Ctrl-] detaches. It shows what programs of the agent print, byte for byte: escape sequences and all.")
        {
            id, shell, readOnly, raw,
        };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var bare = parse.GetValue(raw);
            if (!bare && (Console.IsInputRedirected || Console.IsOutputRedirected))
            {
                return call.Fail("`cairn attach` shows what programs print byte for byte, which only a terminal should be given: run it in one, or say --raw.", ExitCode.Usage);
            }

            await using var cairn = call.OpenReadOnly();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            using var terminal = await AttachedShell.OpenAsync(call.StateDirectory, run.Id, parse.GetValue(shell));
            return await new Attachment(terminal, parse.GetValue(readOnly), isTerminal: !bare).RunAsync(token);
        });
        return command;
    }
}
