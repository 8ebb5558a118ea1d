using Cairn.Abstractions;
using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Cli.Demo;

/// <summary>
/// The demo's second part: a code agent renames a symbol over Cairn's own source. The first rename is merged into a
/// branch of a scratch clone; the second breaks the build and is discarded.
/// </summary>
internal sealed class CodeDemo(ICairn cairn, string scratch, bool json)
{
    private const string Symbol = "Cairn.Abstractions.BlobHash";
    private const string NewName = "ContentHash";

    /// <summary>The new name is taken in the same namespace: the code no longer compiles.</summary>
    private const string BreakingSymbol = "Cairn.Abstractions.ChangeKind";
    private const string BreakingName = "EntryKind";

    private readonly string _clone = Path.Combine(scratch, "cairn");

    /// <summary>Root of Cairn's own source; null when this program runs from elsewhere.</summary>
    public static string? Source()
    {
        for (var at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "Cairn.slnx")))
            {
                return at;
            }
        }

        return null;
    }

    /// <summary>The sample agent's assembly; null when it was not built.</summary>
    public static string? Agent(string source)
    {
        var path = Path.Combine(source, "samples", "RenameSymbol", "bin", "Release", "net10.0", "RenameSymbol.dll");
        return File.Exists(path) ? path : null;
    }

    /// <summary>Clones Cairn's source into the scratch directory, on a branch of its own.</summary>
    public async Task CloneAsync(string source, CancellationToken cancellationToken)
    {
        await Shell.GitAsync(scratch, cancellationToken, "clone", "-q", "--no-local", source, _clone);
        await Shell.GitAsync(_clone, cancellationToken, "checkout", "-q", "-b", "demo/rename");
    }

    /// <summary>The rename that works: built, tested, merged and committed on the branch.</summary>
    public async Task<RunSummary> RenameAsync(string agent, CancellationToken cancellationToken)
    {
        var summary = await RunAsync(agent, Symbol, NewName, Build("tests/Cairn.Tests/Cairn.Tests.csproj") + "\n" + Test, cancellationToken);
        if (summary.Merge == MergeStatus.Merged)
        {
            await Shell.GitAsync(_clone, cancellationToken, "add", "-A");
            await Shell.GitAsync(_clone, cancellationToken, "commit", "-q", "-m", $"Rename {Symbol} to {NewName}");
        }

        return summary;
    }

    /// <summary>The rename that breaks the build, with the manifests of the workspace before and after it.</summary>
    public async Task<(RunSummary Run, string Before, string After)> BreakAsync(string agent, CancellationToken cancellationToken)
    {
        var before = WorkspaceHash.Of(_clone);
        var run = await RunAsync(agent, BreakingSymbol, BreakingName, Build("src/Cairn.Kernel/Cairn.Kernel.csproj"), cancellationToken);
        return (run, before, WorkspaceHash.Of(_clone));
    }

    private static string Packages =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    // Without the profiling that only long-lived processes repay: a tenth of the compiler's time here.
    private static string Dotnet =>
        $"export NUGET_PACKAGES='{Packages}' DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_TieredPGO=0;";

    private static string Build(string project) =>
        $"build: {Dotnet} dotnet build {project} -c Release -v q -nologo -p:RunAnalyzers=false -p:NuGetAudit=false -p:GenerateDocumentationFile=false -p:ProduceReferenceAssembly=false -p:DebugType=none";

    private static string Test =>
        "test: tests/Cairn.Tests/bin/Release/net10.0/Cairn.Tests -noLogo -namespace Cairn.Tests.Kernel*";

    private async Task<RunSummary> RunAsync(string agentPath, string symbol, string newName, string checks, CancellationToken cancellationToken)
    {
        var agent = CodeAgents.Load(agentPath);
        var run = await cairn.StartAsync(
            new StartRun { Task = $"rename {symbol} to {newName}\n{checks}", Repository = _clone, Merge = MergeMode.Auto },
            agent, cancellationToken);
        IRunObserver view = json ? new JsonView() : new LiveView(verbose: false, condensed: true) { Body = Drive.Body(cairn) };
        return await cairn.DriveAsync(run, agent, view, cancellationToken);
    }
}
