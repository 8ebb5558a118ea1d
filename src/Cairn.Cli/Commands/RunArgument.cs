using System.CommandLine;

namespace Cairn.Cli.Commands;

/// <summary>The argument that names a run.</summary>
internal static class RunArgument
{
    public static Argument<string> Make() => new("run") { Description = "The run: its id, the beginning of it, or 'last'" };
}
