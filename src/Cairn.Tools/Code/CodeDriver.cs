using Cairn.Abstractions;

namespace Cairn.Tools.Code;

/// <summary>The tools by which an agent asks the living model of the code: what is where, what depends on it, and how it hangs together.</summary>
internal static class CodeDriver
{
    public static IEnumerable<ITool> Tools() => [new RecallCodeTool(), new ImpactTool(), new GraphQueryTool()];
}
