using System.CommandLine;
using System.Diagnostics;
using Cairn.Abstractions;
using Cairn.Cli.Demo;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn demo: the main job, end to end, on this machine.</summary>
internal static class DemoCommand
{
    public static Command Make()
    {
        var only = new Option<string?>("--only") { Description = "Only one part", HelpName = "model|code" };
        only.AcceptOnlyFromAmong("model", "code");
        var command = new Command("demo", "See the main job: an agent repairs a project, another renames a symbol over Cairn's own source.") { only };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var clock = Stopwatch.StartNew();
            var scratch = Path.Combine(DemoFiles.Scratch(), $"{TimeProvider.System.GetUtcNow():yyyyMMdd-HHmmss}-{Environment.ProcessId}");
            Directory.CreateDirectory(scratch);
            await using var cairn = Open(call, scratch);
            var part = parse.GetValue(only);
            var ok = (part == "code" || await ModelAsync(call, cairn, scratch, token)) & (part == "model" || await CodeAsync(call, cairn, scratch, token));
            Say(call, $"\n{(ok ? "All as it should be" : "NOT as it should be")}, in {clock.Elapsed.TotalSeconds:0.0} s. Scratch repositories: {scratch}");
            return ok ? ExitCode.Ok : ExitCode.No;
        });
        return command;
    }

    /// <summary>The demo's code agent lives in this process, and a daemon does not have it.</summary>
    private static ICairn Open(Invocation call, string scratch)
    {
        var cairn = call.Open();
        if (cairn is not RemoteCairn)
        {
            return cairn;
        }

        var state = Path.Combine(scratch, "state");
        Say(call, $"A daemon owns {call.StateDirectory}, so the demo keeps its runs in a state directory of its own: --state {state}\n");
        return CairnHost.Open(call.Options() with { StateDirectory = state });
    }

    private static async Task<bool> ModelAsync(Invocation call, ICairn cairn, string scratch, CancellationToken token)
    {
        Say(call, $"== 1. A model agent repairs a project with failing tests ==");
        Say(call, $"The model's answers are RECORDED: no live model is asked. Files, search, commands, tests, judge and merge are live.\n");
        var run = await ModelDemo.RunAsync(cairn, scratch, call.IsJson, token);
        if (!call.IsJson)
        {
            await Account.WriteAsync(cairn, run, patch: true, token);
        }

        var replay = await cairn.VerifyAsync(run.Id, token);
        Say(call, $"Replay   {(replay.Passed ? $"verified: {replay.Records} records, {replay.Prompts} prompts, {replay.Decisions} decisions byte for byte" : replay.Difference ?? "")}");
        return run is { Status: "succeeded", Merge: MergeStatus.Merged } && replay.Passed;
    }

    private static async Task<bool> CodeAsync(Invocation call, ICairn cairn, string scratch, CancellationToken token)
    {
        Say(call, $"\n== 2. A code agent, with no model at all, renames a symbol over Cairn's own source ==");
        if (CodeDemo.Source() is not { } source || CodeDemo.Agent(source) is not { } agent)
        {
            Say(call, $"Left out: this cairn does not run from its source tree. Run ./cairn demo there.");
            return true;
        }

        var demo = new CodeDemo(cairn, scratch, call.IsJson);
        await demo.CloneAsync(source, token);
        var run = await demo.RenameAsync(agent, token);
        if (!call.IsJson)
        {
            await Account.WriteAsync(cairn, run, patch: false, token);
        }

        Say(call, $"\n== 3. A second rename breaks the build: it is discarded ==");
        var (broken, before, after) = await demo.BreakAsync(agent, token);
        Say(call, $"\nRun      {broken.Id}  {broken.Status}: {Safe.Line(broken.Reason, 160)}");
        Say(call, $"Before   {before}");

        // A sandbox that could not be made leaves the files alone too, and shows nothing: the compiler must have said no.
        var refused = broken.Status != "succeeded" && broken.Reason.Contains("error CS", StringComparison.Ordinal);
        Say(call, $"After    {after}  {(before != after ? "(DIFFERENT)" : refused ? "(byte-identical)" : "(the same, but NOT because the build failed)")}");
        Say(call, $"Look     cairn diff {broken.Id} shows what it had tried");
        return run is { Status: "succeeded", Merge: MergeStatus.Merged } && refused && before == after;
    }

    private static void Say(Invocation call, FormattableString text)
    {
        if (!call.IsJson)
        {
            Output.Write(text);
        }
    }
}
