using Cairn.Abstractions;

namespace Cairn.Tools.Search;

/// <summary>The driver of search: ripgrep, run in the sandbox over a read-only view.</summary>
internal static class SearchDriver
{
    public static IEnumerable<ITool> Tools() => [new SearchTool()];
}
