using Cairn.Abstractions;

namespace Cairn.Tools.Shell;

/// <summary>The driver of commands in the sandbox.</summary>
internal static class ShellDriver
{
    /// <param name="reachesOut">A command may change something outside through the network: after a crash nobody knows whether it did.</param>
    public static IEnumerable<ITool> Tools(bool reachesOut) =>
        [new RunCommandTool(reachesOut ? EffectClass.ExternalUnkeyed : EffectClass.Sandboxed), new ShellSendTool(), new ShellCloseTool()];
}
