using Cairn.Abstractions;

namespace Cairn.Tools.Shell;

/// <summary>The driver of commands in the sandbox.</summary>
internal static class ShellDriver
{
    public static IEnumerable<ITool> Tools() => [new RunCommandTool(), new ShellSendTool(), new ShellCloseTool()];
}
