using System.CommandLine;
using Cairn.Abstractions;
using Cairn.Cli.Demo;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Cli;

/// <summary>Exit codes that scripts can rely on.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>It worked, and the answer is no: the run did not succeed, the replay differs, the merge has conflicts.</summary>
    public const int No = 1;

    /// <summary>Wrong input.</summary>
    public const int Usage = 2;

    /// <summary>The disk, the journal or the sandbox is not as it must be.</summary>
    public const int Broken = 3;

    /// <summary>Ctrl-C.</summary>
    public const int Interrupted = 130;
}

/// <summary>One call of the command line: its common options, its output, its errors.</summary>
internal sealed class Invocation(ParseResult parse)
{
    public static readonly Option<string?> State = new("--state")
    {
        Description = "State directory (default: $CAIRN_STATE, else ~/.local/state/cairn)",
        Recursive = true,
        HelpName = "DIR",
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Answer in JSON", Recursive = true };

    public bool IsJson { get; } = parse.GetValue(Json);

    public string StateDirectory { get; } = CairnHost.StateDirectory(parse.GetValue(State), Environment.GetEnvironmentVariable);

    /// <summary>Runs a command's body and turns what went wrong into a clear line and an exit code.</summary>
    public static void Bind(Command command, Func<Invocation, ParseResult, CancellationToken, Task<int>> body) =>
        command.SetAction(async (parse, token) =>
        {
            var invocation = new Invocation(parse);
            // Until the first await that really waits, the command line library holds no task of ours: a SIGTERM that came
            // before it would end the process at once, in the middle of whatever it does.
            await Task.Yield();
            try
            {
                return await body(invocation, parse, token);
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Interrupted;
            }
            catch (CairnException e)
            {
                return invocation.Fail(e.Message, ExitCode.Usage);
            }
            catch (Exception e) when (e is IOException or InvalidDataException or WorkspaceException or UnauthorizedAccessException or FormatException)
            {
                return invocation.Fail(e.Message, ExitCode.Broken);
            }
            catch (Exception e)
            {
                return invocation.Fail($"Cairn itself failed ({e.GetType().Name}): {e.Message}\n{e.StackTrace}\nNothing that the journal holds is lost; `cairn resume` goes on.", ExitCode.Broken);
            }
        });

    /// <summary>Reaches the daemon that owns the state directory, or opens it here to change it.</summary>
    public ICairn Open() => (ICairn?)RemoteCairn.TryConnect(StateDirectory, Person()) ?? CairnHost.Open(Options());

    /// <summary>Reaches whoever drives runs here, a daemon or another terminal, or opens the state directory to change it.</summary>
    public ICairn OpenToStop() => (ICairn?)RemoteCairn.TryConnect(StateDirectory, null) ?? (ICairn?)RemoteCairn.TryConnectToOwner(StateDirectory) ?? CairnHost.Open(Options());

    /// <summary>Reaches the daemon, or opens the state directory to look at it, also while another Cairn works in it.</summary>
    public ICairn OpenReadOnly(bool embedded = false) => (ICairn?)(embedded ? null : RemoteCairn.TryConnect(StateDirectory, null)) ?? CairnHost.OpenReadOnly(Options());

    public int Fail(string message, int code)
    {
        if (IsJson)
        {
            Output.Json(new ErrorView(message, code), CliJson.Default.ErrorView);
        }
        else
        {
            Console.Error.WriteLine($"cairn: {Safe.Text(message)}");
        }

        return code;
    }

    /// <summary>What a process that works in the state directory itself takes from outside.</summary>
    public HostOptions Options() =>
        new(StateDirectory, Person(), Environment.GetEnvironmentVariable) { Recordings = DemoFiles.Recording };

    private IHuman Person() => new TerminalHuman(!IsJson && !Console.IsInputRedirected && !Console.IsOutputRedirected);
}

/// <summary>An error in JSON.</summary>
internal sealed record ErrorView(string Error, int ExitCode);
