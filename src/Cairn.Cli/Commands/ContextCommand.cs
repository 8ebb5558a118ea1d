using System.CommandLine;
using System.Globalization;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn context: what is in a run's context, tier by tier, and why.</summary>
internal static class ContextCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var at = new Option<string>("--at") { Description = "A step (7), a checkpoint (c3), a record (@17) or end", DefaultValueFactory = _ => "end", HelpName = "PLACE" };
        var explain = new Option<string?>("--explain") { Description = "Say why one item is where it is", HelpName = "ADDRESS" };
        var command = new Command("context", "Show a run's context tier by tier: what is in the prompt, what was left out, and why.") { id, at, explain };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var view = await cairn.ContextAsync(run.Id, parse.GetRequiredValue(at), token);
            if (parse.GetValue(explain) is { } address)
            {
                view = view with { Items = [Named(view, address)], Prompts = [] };
            }

            if (call.IsJson)
            {
                Output.Json(view, CliJson.Default.ContextView);
            }
            else if (parse.GetValue(explain) is not null)
            {
                Explain(view.Items[0], view);
            }
            else
            {
                Write(view);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>An item by its whole address, by the part of it that tools take, or by the call that it is the answer of.</summary>
    private static ContextItemView Named(ContextView view, string address)
    {
        var call = address.StartsWith("result:", StringComparison.Ordinal) ? $"call {address["result:".Length..]}" : null;
        return view.Items.FirstOrDefault(i => i.Address == address)
            ?? view.Items.FirstOrDefault(i => Local(i.Address) == address || Local(i.Address).StartsWith($"{address}@", StringComparison.Ordinal))
            ?? view.Items.FirstOrDefault(i => call is not null && (i.Provenance.EndsWith(call, StringComparison.Ordinal) || i.Provenance.Contains($"{call}.", StringComparison.Ordinal)))
            ?? throw new NotFoundException($"There is no item {address} in the context there; `cairn context {view.Run}` lists them.");
    }

    private static string Local(string address) => string.Join('/', address.Split('/').Skip(4));

    private static void Explain(ContextItemView item, ContextView view)
    {
        Output.Write($"{Safe.Line(item.Address, 400)}");
        Output.Line(Safe.Text($"  {item.Tier}, {item.Form}: {item.Why}"));
        Output.Line(Safe.Text($"  from {item.Provenance}{(item.Untrusted ? ", untrusted" : "")}; {item.InPrompt} of {item.Tokens} tokens in the prompt; last used in step {item.LastUse}"));
        if (item.Worth is { } worth)
        {
            Output.Write($"  {view.Policy} ({view.PolicyHash.Short}) gives {worth:0.##} for its place; the lowest leaves first");
        }
    }

    private static void Write(ContextView view)
    {
        Output.Write($"Run {view.Run} at position {view.Position} on {view.Model}: {view.Tokens} of {view.Room} tokens, policy {view.Policy} ({view.PolicyHash.Short})");
        foreach (var tier in view.Items.GroupBy(i => i.Tier))
        {
            Output.Write($"{tier.Key}  {tier.Count()} items, {tier.Sum(i => i.InPrompt)} tokens in the prompt");
            foreach (var item in tier)
            {
                Output.Line(string.Create(CultureInfo.InvariantCulture,
                    $"  {item.InPrompt,7} {item.Tokens,7}  {item.Form,-7} {(item.Pinned ? "pin" : "   ")} {(item.Untrusted ? "?" : " ")} step {item.LastUse,-4} {Safe.Line(Local(item.Address), 90)}"));
            }
        }

        if (view.Archive is { } archive)
        {
            Output.Write($"Archive: {archive.Promoted} texts came into the prompt, {archive.Dropped} found no room; {archive.Without} prompts did not wait for it{(archive.Waiting ? "; it has not answered yet" : "")}");
        }

        var (bound, reused) = (view.Prompts.Sum(p => p.Bound), view.Prompts.Sum(p => p.Reused));
        Output.Write($"Prompts: {view.Prompts.Length}, {(bound == 0 ? 100 : 100.0 * reused / bound):0.0}% of what each could take over from the one before it was taken over");
        foreach (var prompt in view.Prompts.Where(p => p.Break is not null))
        {
            Output.Line(Safe.Text(string.Create(CultureInfo.InvariantCulture, $"  step {prompt.Step}, attempt {prompt.Attempt}: {prompt.Reused} of {prompt.Bound} tokens; {prompt.Break}{(prompt.Avoidable ? " (avoidable)" : "")}")));
        }
    }
}
