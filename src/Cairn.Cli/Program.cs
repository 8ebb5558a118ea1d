using System.CommandLine;
using System.CommandLine.Invocation;
using Cairn.Cli;
using Cairn.Cli.Commands;
using Cairn.Host;

var root = new RootCommand("Cairn, an operating system for AI agents: every step can be replayed, undone and branched.")
{
    Invocation.State,
    Invocation.Json,
    RunCommand.Make(),
    GuestCommand.Make(),
    ResumeCommand.Make(),
    DemoCommand.Make(),
    RunsCommand.Make(),
    LogCommand.Make(),
    ShowCommand.Make(),
    ContextCommand.Make(),
    CheckpointsCommand.Make(),
    RollbackCommand.Make(),
    ForkCommand.Make(),
    DiffCommand.Make(),
    MergeCommand.Make(),
    CompareCommand.Make(),
    ReplayCommand.Make(),
    JournalCommand.Make(),
    ReceiptsCommand.Make(),
    DoctorCommand.Make(),
    PolicyCommand.Make(),
    ToolsCommand.Make(),
    RouteCommand.Make(),
    GcCommand.Make(),
    LayersCommand.Make(),
    ServeCommand.Make(),
    KeysCommand.Make(),
    StopCommand.Pause(),
    StopCommand.Cancel(),
    UnpauseCommand.Make(),
    DecisionsCommand.Make(),
    AnswerCommand.Make(),
    AttachCommand.Make(),
    CodeCommands.Index(),
    CodeCommands.Graph(),
    CodeCommands.Ask(),
    CodeCommands.Impact(),
    SimulateCommand.Make(),
    DrillCommand.Make(),
};

using var telemetry = TelemetryExport.Start(Environment.GetEnvironmentVariable);

// @17 is a record of a run, and a task may begin with @: neither names a file of further arguments.
var parse = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
return parse.Action is ParseErrorAction
    ? WrongUsage.Report(parse)
    : await parse.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(9) });
