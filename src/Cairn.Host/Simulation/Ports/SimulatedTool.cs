using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>The tools of a simulated machine, beside the real ones: one for each effect class that changes something.</summary>
internal sealed class SimulatedTool(
    SimulatedMachine machine, string name, EffectClass effect, Func<SimulatedMachine, ToolContext, string, string> action) : ITool
{
    private const int MaxFileBytes = 1 << 20;
    private const string Schema =
        """{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}""";

    public ToolDescriptor Descriptor { get; } = new(name, $"Simulated: {name}.", Schema, effect, TimeSpan.FromMinutes(5));

    public static ImmutableArray<ITool> All(SimulatedMachine machine) =>
    [
        new SimulatedTool(machine, "append", EffectClass.Sandboxed, (_, context, text) => Append(context.Workspace, text)),
        new SimulatedTool(machine, "fill", EffectClass.Sandboxed, (_, context, text) => Fill(context.Workspace, text)),
        new SimulatedTool(machine, "scatter", EffectClass.Sandboxed, (_, context, text) => Scatter(context.Workspace, text)),
        new SimulatedTool(machine, "charge", EffectClass.ExternalKeyed, (m, context, text) =>
            Order(m, m.Plant == Plant.KeyNotSent ? null : $"{context.Run}/{context.Call}", text)),
        new SimulatedTool(machine, "notify", machine.Plant == Plant.UnkeyedRetried ? EffectClass.ExternalKeyed : EffectClass.ExternalUnkeyed,
            (m, _, text) => Order(m, null, text)),
    ];

    public async Task<ToolResult> InvokeAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken);
        var answer = action(machine, context, arguments.GetProperty("text").GetString()!);
        await WaitAsync(cancellationToken);
        return ToolResult.Ok(answer);
    }

    private static string Order(SimulatedMachine machine, string? key, string text)
    {
        var answer = "";
        machine.Effect(() => answer = machine.Server.Order(key, text));
        return answer;
    }

    /// <summary>"FILE LINE": adds a line; running twice shows.</summary>
    private static string Append(IWorkspace workspace, string text)
    {
        var (file, line) = (text.Split(' ')[0], text.Split(' ')[1]);
        var there = workspace.Stat(file) is null ? null : workspace.Read(file, MaxFileBytes);
        var before = there is null ? "" : Encoding.UTF8.GetString(there.Content.Span);
        workspace.Write(file, Encoding.UTF8.GetBytes(before + line + "\n"), there?.Version);
        return $"{file} has a new line";
    }

    /// <summary>"FILE BYTES": writes a file that large.</summary>
    private static string Fill(IWorkspace workspace, string text)
    {
        var (file, bytes) = (text.Split(' ')[0], int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
        workspace.Write(file, Encoding.UTF8.GetBytes(new string('x', bytes)), workspace.Stat(file) is null ? null : workspace.Read(file, MaxFileBytes).Version);
        return $"{file} is full";
    }

    /// <summary>More files than a record names: what is in the last ones only their layer says, and they are worth collecting.</summary>
    private static string Scatter(IWorkspace workspace, string prefix)
    {
        for (var i = 0; i < CallEffects.MaxFiles + 2; i++)
        {
            var file = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{prefix}{i:00}");
            var content = i < CallEffects.MaxFiles ? file : file + new string('x', 100_000);
            workspace.Write(file, Encoding.UTF8.GetBytes(content), workspace.Stat(file) is null ? null : workspace.Read(file, MaxFileBytes).Version);
        }

        return $"{prefix} is everywhere";
    }

    private Task WaitAsync(CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(machine.Random.Next(1, 30_000)), machine.Time, cancellationToken);
}
