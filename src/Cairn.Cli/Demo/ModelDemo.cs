using Cairn.Abstractions;
using Cairn.Cli.Commands;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Demo;

/// <summary>The demo's first part: a model agent repairs a project with failing tests.</summary>
internal static class ModelDemo
{
    private const string Task = "The tests of this project fail. Find out why, fix the code (not the tests), and make sure that all tests pass.";

    public static async Task<RunSummary> RunAsync(ICairn cairn, string scratch, bool json, CancellationToken cancellationToken)
    {
        var repository = Path.Combine(scratch, "till");
        DemoFiles.WriteProject(repository);
        await Shell.GitAsync(repository, cancellationToken, "init", "-q");
        await Shell.GitAsync(repository, cancellationToken, "add", "-A");
        await Shell.GitAsync(repository, cancellationToken, "commit", "-q", "-m", "A till with two bugs");
        var run = await cairn.StartAsync(
            new StartRun
            {
                Task = Task,
                Repository = repository,
                Model = "recorded:demo",
                Judge = "python3 -B -m unittest",
                Merge = MergeMode.Auto,
            },
            cancellationToken);
        IRunObserver view = json ? new JsonView() : new LiveView(verbose: false) { Body = Drive.Body(cairn) };
        return await cairn.DriveAsync(run, null, view, cancellationToken);
    }
}
