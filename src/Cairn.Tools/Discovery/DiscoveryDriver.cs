using Cairn.Abstractions;

namespace Cairn.Tools.Discovery;

/// <summary>The tools by which an agent reaches tools that are too many to be described in every prompt.</summary>
internal static class DiscoveryDriver
{
    public static IEnumerable<ITool> Tools() => [new FindToolsTool(), new UseToolTool()];
}
