using Cairn.Abstractions;

namespace Cairn.Tools.Web;

/// <summary>The driver of the web: only in runs that may reach some of it.</summary>
internal static class WebDriver
{
    public static IEnumerable<ITool> Tools() => [new WebFetchTool()];
}
