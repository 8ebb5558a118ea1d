using System.CommandLine;
using Cairn.Cli;
using Cairn.Cli.Commands;

var root = new RootCommand("Cairn, an operating system for AI agents: every step can be replayed, undone and branched.")
{
    Invocation.State,
    Invocation.Json,
    RunCommand.Make(),
    ResumeCommand.Make(),
    DemoCommand.Make(),
    RunsCommand.Make(),
    LogCommand.Make(),
    ShowCommand.Make(),
    CheckpointsCommand.Make(),
    RollbackCommand.Make(),
    ForkCommand.Make(),
    DiffCommand.Make(),
    MergeCommand.Make(),
    ReplayCommand.Make(),
    JournalCommand.Make(),
    GcCommand.Make(),
    DoctorCommand.Make(),
};
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
