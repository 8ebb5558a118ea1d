using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Cairn.Bench.Workload;

/// <summary>
/// The one tool of the benchmarks: brings a payload and changes a file, so each call ends with a layer and a checkpoint.
/// </summary>
internal sealed class NoteTool(int bytes) : ITool
{
    public const string Name = "note";

    public ToolDescriptor Descriptor { get; } = new(
        Name, "Takes a note.", """{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}""",
        EffectClass.Sandboxed, TimeSpan.FromMinutes(1));

    public static string Arguments(int step) => string.Create(CultureInfo.InvariantCulture, $$"""{"n":{{step}}}""");

    public Task<ToolResult> InvokeAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        Task.FromResult(ToolResult.Ok(Payloads.Of(context.Run.Value, arguments.GetProperty("n").GetInt32(), bytes)));
}

/// <summary>That tool and the one that completes a run; calls are checked by name only.</summary>
internal sealed class NoteTools(int bytes) : IToolRegistry
{
    public ImmutableArray<ITool> Tools { get; } = [new NoteTool(bytes), new Complete()];

    public ITool? Find(string name) => Tools.FirstOrDefault(t => t.Descriptor.Name == name);

    public string? Check(string name, string arguments, IReadOnlySet<string> allowed) => allowed.Contains(name) ? null : $"There is no tool {name}.";

    private sealed class Complete : ITool
    {
        public ToolDescriptor Descriptor { get; } = new(
            "complete", "Ends the run.", """{"type":"object","properties":{},"additionalProperties":false}""", EffectClass.Pure, TimeSpan.FromMinutes(1));

        public Task<ToolResult> InvokeAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
            Task.FromResult(ToolResult.Ok("") with { Signal = ToolSignal.Complete });
    }
}
