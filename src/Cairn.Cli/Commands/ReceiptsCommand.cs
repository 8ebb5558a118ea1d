using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn receipts: signed receipts of a run's records, and their offline check.</summary>
internal static class ReceiptsCommand
{
    public static Command Make()
    {
        var id = new Argument<string?>("run") { Description = "The run: its id, the beginning of it, or 'last'", Arity = ArgumentArity.ZeroOrOne };
        var key = new Option<string?>("--key") { Description = "Sign with this private key instead of the state directory's", HelpName = "FILE" };
        var output = new Option<string?>("--out") { Description = "Write to a file instead of standard output", HelpName = "FILE" };
        var fresh = new Option<bool>("--new-key") { Description = "Make the state directory's key (ECDSA P-256); from then on records get receipts" };
        var pem = new Option<bool>("--public-key") { Description = "Write the public key as PEM" };
        var command = new Command("receipts", "Signed receipts of a run's records: whoever has the public key can check them.") { id, key, output, fresh, pem, Verify() };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var run = parse.GetValue(id);
            if (new[] { run is not null, parse.GetValue(fresh), parse.GetValue(pem) }.Count(chosen => chosen) != 1)
            {
                throw new CairnException("Name a run (`cairn receipts RUN`), or say --new-key or --public-key.");
            }

            using var bytes = new MemoryStream();
            if (run is null)
            {
                bytes.Write(System.Text.Encoding.ASCII.GetBytes(
                    parse.GetValue(fresh) ? ReceiptAccess.NewKey(call.StateDirectory) : ReceiptAccess.PublicKey(call.StateDirectory, parse.GetValue(key))));
            }
            else
            {
                await using var cairn = call.OpenReadOnly();
                ReceiptAccess.Write(call.StateDirectory, (await cairn.FindAsync(run, token)).Id, parse.GetValue(key), bytes);
            }

            await using var target = parse.GetValue(output) is { } path ? File.Create(path) : Console.OpenStandardOutput();
            await target.WriteAsync(bytes.ToArray(), token);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Verify()
    {
        var file = new Argument<string>("file") { Description = "The receipts" };
        var pem = new Option<string>("--public-key") { Description = "The public key as PEM", Required = true, HelpName = "PEM" };
        var journal = new Option<string?>("--journal") { Description = "What `cairn journal export --run RUN` wrote: each record is compared too", HelpName = "EXPORT" };
        var open = new Option<bool>("--open") { Description = "The run has not ended; receipts cut off at the end are then not noticed" };
        var command = new Command("verify", "Check receipts with a public key; needs no state directory.") { file, pem, journal, open };
        Invocation.Bind(command, (call, parse, _) =>
        {
            var found = ReceiptAccess.Verify(parse.GetRequiredValue(file), parse.GetRequiredValue(pem), parse.GetValue(journal), parse.GetValue(open));
            if (call.IsJson)
            {
                Output.Json(found, CliJson.Default.ReceiptReport);
            }
            else if (found.Problem is null)
            {
                Output.Write($"{found.Receipts} receipts of run {found.Run} are whole and signed by {found.Key}{(found.Ended ? "" : " (the run is still open)")}");
            }
            else
            {
                Output.Line(Safe.Text($"line {found.Line}: {found.Problem}"));
            }

            return Task.FromResult(found.Problem is null ? ExitCode.Ok : ExitCode.No);
        });
        return command;
    }
}
