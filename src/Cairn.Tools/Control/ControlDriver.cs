using Cairn.Abstractions;

namespace Cairn.Tools.Control;

/// <summary>The tools by which an agent speaks to the kernel itself: ask a human, start other runs, end the run.</summary>
internal static class ControlDriver
{
    public static IEnumerable<ITool> Tools() => [new AskHumanTool(), new SpawnRunTool(), new AskModelTool(), new CompleteTool()];
}
