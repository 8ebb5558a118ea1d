using System.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn layers: which frozen layers are in the body store, so that a copy of journal and bodies holds them.</summary>
internal static class LayersCommand
{
    public static Command Make()
    {
        var store = new Option<bool>("--store") { Description = "Store the layers that are not in the body store yet" };
        var command = new Command("layers", "Say which frozen layers a copy of the journal and the bodies would lack.") { store };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var now = parse.GetValue(store);
            await using var cairn = now ? call.Open() : call.OpenReadOnly();
            var layers = await cairn.LayersAsync(now, token);
            if (call.IsJson)
            {
                Output.Json(layers, CliJson.Default.LayersView);
                return ExitCode.Ok;
            }

            Output.Write($"{layers.Layers} layers, {layers.NotStored.Length} of them not in the body store yet{(layers.NotStored.Length > 0 ? ":" : ".")}");
            foreach (var layer in layers.NotStored)
            {
                Output.Line($"  {layer}");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
