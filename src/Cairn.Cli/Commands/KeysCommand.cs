using System.CommandLine;
using System.Globalization;
using Cairn.Cli.Terminal;
using Cairn.Host;

namespace Cairn.Cli.Commands;

/// <summary>cairn keys: the virtual keys of the gateway in `cairn serve`.</summary>
internal static class KeysCommand
{
    public static Command Make() => new("keys", "Virtual keys: who may ask which models through the gateway of `cairn serve`, and how much.")
    {
        Create(), List(), Revoke(),
    };

    private static Command Create()
    {
        var name = new Argument<string>("owner") { Description = "The agent's or team's name, or the run's id" };
        var kind = new Option<KeyOwner>("--for") { Description = "Whose key it is (default: agent)", HelpName = "agent|team|run" };
        var models = new Option<string[]>("--model") { Description = "A model that it opens, PROVIDER:NAME or with * at the end; may be given several times (default: all)", HelpName = "MODEL" };
        var tokens = new Option<long?>("--budget-tokens") { Description = "The most tokens of all its calls", HelpName = "N" };
        var usd = new Option<decimal?>("--budget-usd") { Description = "The most US dollars of all its calls", HelpName = "N" };
        var requests = new Option<int?>("--requests-per-minute") { Description = "The most requests in any minute", HelpName = "N" };
        var rate = new Option<long?>("--tokens-per-minute") { Description = "The most tokens in any minute", HelpName = "N" };
        var days = new Option<int?>("--days") { Description = "It ends after N days", HelpName = "N" };
        var command = new Command("create", "Make a key. Its secret is shown once, and stored as a hash only.") { name, kind, models, tokens, usd, requests, rate, days };
        Invocation.Bind(command, (call, parse, _) =>
        {
            if (parse.GetValue(tokens) is <= 0 || parse.GetValue(usd) is <= 0 || parse.GetValue(requests) is <= 0 || parse.GetValue(rate) is <= 0 || parse.GetValue(days) is <= 0)
            {
                throw new Sdk.CairnException("Budgets, rates and days must be greater than 0.");
            }

            var made = Keys(call).Create(key => key with
            {
                Kind = parse.GetValue(kind),
                Owner = parse.GetRequiredValue(name),
                Models = parse.GetValue(models) ?? [],
                BudgetTokens = parse.GetValue(tokens),
                BudgetUsd = parse.GetValue(usd),
                RequestsPerMinute = parse.GetValue(requests),
                TokensPerMinute = parse.GetValue(rate),
                Expires = parse.GetValue(days) is { } n ? key.Created.AddDays(n) : null,
            });
            if (call.IsJson)
            {
                Output.Json(made, CliJson.Default.NewKey);
            }
            else
            {
                Output.Write($"{made.Key.Id} for {made.Key.Kind.ToString().ToLowerInvariant()} {Safe.Line(made.Key.Owner, 60)}. Its secret, which is shown only now:");
                Output.Line(made.Secret);
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the keys with what their calls came to.");
        Invocation.Bind(command, (call, _, _) =>
        {
            var views = KeyUse.Of(call.StateDirectory, TimeProvider.System);
            if (call.IsJson)
            {
                Output.Json(views, CliJson.Default.IReadOnlyListKeyView);
                return Task.FromResult(ExitCode.Ok);
            }

            foreach (var view in views)
            {
                var state = view.Key.Revoked is not null ? "revoked" : view.Key.IsGood(TimeProvider.System.GetUtcNow()) ? "good" : "expired";
                Output.Line(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{view.Key.Id}  {state,-8} {view.Key.Kind.ToString().ToLowerInvariant(),-6} {Safe.Line(view.Key.Owner, 30),-30} {view.Requests} requests, {view.Tokens}{(view.Key.BudgetTokens is { } most ? $" of {most}" : "")} tokens, {view.Usd:0.####}{(view.Key.BudgetUsd is { } usd ? $" of {usd:0.####}" : "")} USD{(view.Key.Models.Count == 0 ? "" : ", " + Safe.Line(string.Join(' ', view.Key.Models), 80))}"));
            }

            if (views.Count == 0)
            {
                Output.Line("There are no keys: cairn keys create NAME makes one.");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Command Revoke()
    {
        var id = new Argument<string>("key") { Description = "The key's id" };
        var command = new Command("revoke", "Revoke a key: requests with it are refused from now on.") { id };
        Invocation.Bind(command, (call, parse, _) =>
        {
            var key = Keys(call).Revoke(parse.GetRequiredValue(id));
            if (call.IsJson)
            {
                Output.Json(key, CliJson.Default.GatewayKey);
            }
            else
            {
                Output.Line($"{key.Id} is revoked.");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static KeyFile Keys(Invocation call) => new(call.StateDirectory, TimeProvider.System);
}
