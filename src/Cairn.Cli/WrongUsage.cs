using System.CommandLine;
using System.CommandLine.Parsing;
using Cairn.Cli.Terminal;

namespace Cairn.Cli;

/// <summary>Says what is wrong with a command line that cannot be understood, and where its help is.</summary>
internal static class WrongUsage
{
    /// <summary>Writes what is wrong; nothing was done.</summary>
    /// <returns>The exit code.</returns>
    public static int Report(ParseResult parse)
    {
        var message = string.Join('\n', parse.Errors.Select(Message).Distinct(StringComparer.Ordinal));
        if (parse.GetResult(Invocation.Json) is { Implicit: false })
        {
            Output.Json(new ErrorView(message, ExitCode.Usage), CliJson.Default.ErrorView);
        }
        else
        {
            Console.Error.WriteLine($"cairn: {Safe.Text(message)}\n`{Name(parse.CommandResult)} --help` shows what there is.");
        }

        return ExitCode.Usage;
    }

    /// <summary>The parser names the .NET type of a value, which says nothing to a user: the option's own words do.</summary>
    private static string Message(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens: [var token] } option when option.Option.HelpName is { } wanted =>
            $"'{token.Value}' is not what {option.Option.Name} takes: {option.Option.Name} {wanted}",
        CommandResult { Command.Arguments: [_, ..] } command when command.Command.Arguments.Any(a => Missing(command, a)) =>
            $"missing: {string.Join(", ", command.Command.Arguments.Where(a => Missing(command, a)).Select(a => $"<{a.Name}>"))}",
        ArgumentResult { Tokens.Count: 0 } argument => $"missing: <{argument.Argument.Name}>",
        _ => error.Message,
    };

    private static bool Missing(CommandResult command, Argument argument) =>
        argument.Arity.MinimumNumberOfValues > 0 && command.GetResult(argument) is not { Tokens.Count: > 0 };

    private static string Name(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{Name(parent)} {command.Command.Name}" : "cairn";
}
