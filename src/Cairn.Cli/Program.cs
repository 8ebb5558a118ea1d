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
    DoctorCommand.Make(),
    ServeCommand.Make(),
    StopCommand.Pause(),
    StopCommand.Cancel(),
    UnpauseCommand.Make(),
    DecisionsCommand.Make(),
    AnswerCommand.Make(),
};
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(4.5) });
