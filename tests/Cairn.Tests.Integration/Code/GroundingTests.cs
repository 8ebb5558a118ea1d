using Cairn.Host;
using Cairn.Memory.Grounding;
using Cairn.Sandbox;
using Cairn.Tests.Integration.EndToEnd;

namespace Cairn.Tests.Integration.Code;

/// <summary>The failures for which the gate exists, on a repository that we did not write.</summary>
public sealed class GroundingTests(WorkerRepository worker) : IClassFixture<WorkerRepository>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_that_was_deleted_and_paths_and_imports_that_never_were_are_told_with_those_that_exist()
    {
        await using var scene = await Live.NewAsync(worker.Root);
        var view = await scene.ViewAsync();
        var command = Assert.Single(GroundingGate.Command("cd dist && node helper.js", "", view));
        Assert.Equal(("path", "helper.js", true), (command.Kind, command.Name, command.Certain));
        Assert.Contains(command.Nearest, place => place.Path == "dist/helpers.js");
        Assert.Equal("path", Assert.Single(GroundingGate.Command("pip install -r requirements.txt", "", view)).Kind);

        var written = Write(view, "dist/report.js", "const { makeJobHelper } = require(\"./helpers\");\nconst jobs = require(\"./sql/getJobs\");\nconst chalk = require(\"chalkk\");\n");
        Assert.Equal(["import ./helpers#makeJobHelper", "import ./sql/getJobs", "package chalkk"], written.Select(each => $"{each.Kind} {each.Name}"));
        Assert.Contains(written[0].Nearest, place => place is { Name: "makeJobHelpers", Path: "dist/helpers.js" } && place.Version == view.VersionOf("dist/helpers.js"));
        Assert.Contains(written[1].Nearest, place => place.Path == "dist/sql/getJob.js");
    }

    [Fact]
    public async Task A_migration_of_a_table_that_is_not_there_and_a_default_that_breaks_NOT_NULL_are_certain()
    {
        await using var scene = await Live.NewAsync(worker.Root);
        var view = await scene.ViewAsync();
        var written = Write(
            view, "sql/000019.sql",
            """
            alter table :GRAPHILE_WORKER_SCHEMA.job_history add column retried int;
            alter table :GRAPHILE_WORKER_SCHEMA.job_queues add column note text;
            alter table :GRAPHILE_WORKER_SCHEMA._private_jobs add column finished_at timestamptz not null default null;
            alter table :GRAPHILE_WORKER_SCHEMA._private_jobs alter column created_at set default null;
            insert into :GRAPHILE_WORKER_SCHEMA._private_jobs (task_identifier) values ('a');
            """);
        Assert.All(written, each => Assert.True(each.Certain));
        Assert.Equal(
            ["table job_history 1", "table job_queues 2", "not-null _private_jobs.finished_at 3", "not-null _private_jobs.created_at 4", "column _private_jobs.task_identifier 5", "not-null _private_jobs.task_id 5"],
            written.Select(each => $"{each.Kind} {each.Name} {each.Line}"));
        Assert.Contains("was dropped in sql/000016.sql", written[1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tests_of_a_function_that_does_not_exist_and_of_a_dependency_that_was_deleted_are_told()
    {
        await using var scene = await Live.NewAsync(worker.Root);
        var view = await scene.ViewAsync();
        var gone = new ChangedView(view, new Dictionary<string, string?> { ["dist/deferred.js"] = null, ["dist/deferred.d.ts"] = null });
        var importers = GroundingGate.Change(["dist/deferred.js"], view, gone);
        Assert.Contains(importers, each => each is { Path: "dist/helpers.js", Name: "./deferred" });

        var test = Write(gone, "__tests__/cleanup.test.js", "const { cleanupJobs } = require(\"../dist/cleanup\");\njest.mock(\"../dist/deferred\");\ntest(\"a\", () => { cleanupJobs(); assertDrained(); });\n");
        Assert.Equal(["import ../dist/cleanup#cleanupJobs", "import ../dist/deferred", "name assertDrained"], test.Select(each => $"{each.Kind} {each.Name}"));
    }

    [Fact]
    public async Task What_the_project_itself_says_is_not_doubted()
    {
        await using var scene = await Live.NewAsync(worker.Root);
        var view = await scene.ViewAsync();
        var nothing = new ChangedView(view, view.Paths.Where(path => path != "package.json").ToDictionary(path => path, _ => (string?)null));
        Assert.DoesNotContain(GroundingGate.Change(view.Paths, nothing, view), finding => finding.Certain);
    }

    [Fact]
    public async Task A_run_is_told_in_the_same_turn_and_one_that_blocks_is_stopped_and_replays()
    {
        using var scene = await ShopAsync();
        (await scene.RunAsync(Model(scene))).Exits(0);
        var warned = (await scene.EventsAsync()).OfType<ToolCallFinished>().ToList();
        Assert.Equal(["user_s", "shop.totl", "shops.py"], warned.Where(each => each.Grounding is not null).SelectMany(each => each.Grounding!.Findings).Select(each => each.Name));
        Assert.All(warned, each => Assert.Equal(ToolStatus.Ok, each.Status));
        Assert.NotNull(warned[0].Grounding!.After);
        (await scene.CairnAsync("show", "last", "--at", "2")).Exits(0).Says("There is no table user_s", "users (db/001.sql:1)");
        await scene.VerifiedAsync();

        using var strict = await ShopAsync();
        await File.WriteAllTextAsync(Path.Combine(strict.Root, "agent.yaml"), "grounding: block\n", Cancel);
        (await strict.RunAsync(Model(strict), "--agent", "agent.yaml")).Exits(0);
        var blocked = (await strict.EventsAsync()).OfType<ToolCallFinished>().ToList();
        Assert.Equal([ToolStatus.Invalid, ToolStatus.Ok, ToolStatus.Invalid, ToolStatus.Ok], blocked.Select(each => each.Status));
        Assert.True(blocked[0].Grounding!.Blocked);
        Assert.Null(blocked[0].Layer);
        await strict.VerifiedAsync();
    }

    private static Task<Scene> ShopAsync() =>
        Scene.NewAsync(("db/001.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n"), ("shop.py", "def total(x):\n    return x\n"));

    private static string Model(Scene scene) => scene.Model(
        "m", Script.Turn("", Script.Write("db/002.sql", "ALTER TABLE user_s ADD COLUMN x int;\n")),
        Script.Turn("", Script.Write("test_shop.py", "from shop import totl\n")), Script.Turn("", Script.Shell("cat shops.py || true")), Script.Turn("", Script.Complete()));

    private static IReadOnlyList<GroundingFinding> Write(IGroundView view, string path, string text) =>
        [.. GroundingGate.Change([path], view, new ChangedView(view, new Dictionary<string, string?> { [path] = text })).OrderBy(each => each.Line)];
}
