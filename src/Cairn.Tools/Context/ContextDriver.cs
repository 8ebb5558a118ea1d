using Cairn.Abstractions;

namespace Cairn.Tools.Context;

/// <summary>The tools by which an agent looks after its own context: what stays, what comes back, what must not be forgotten.</summary>
internal static class ContextDriver
{
    public static IEnumerable<ITool> Tools() => [new TodoTool(), new ScratchpadTool(), new PinTool(), new RecallTool()];
}
