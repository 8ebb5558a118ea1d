using System.Diagnostics;
using System.Reflection;
using Cairn.Host;
using Cairn.Memory.Cypher;
using Cairn.Sdk;

namespace Cairn.Tests.Integration.Code;

/// <summary>What agents ask the model of the code, in whole runs and while the model is being built.</summary>
public sealed class CodeToolsTests : IDisposable
{
    private const string Functions = "MATCH (f:Function) RETURN f.name ORDER BY f.name";

    private readonly string _home = Directory.CreateTempSubdirectory("cairn-ask-").FullName;

    public CodeToolsTests()
    {
        Put(".git/HEAD", "ref: refs/heads/main\n");
        Put("app/users.py", "def find_user(email):\n    return query(\"SELECT id FROM users WHERE email = ?\", email)\n\ndef login(form):\n    return find_user(form.email)\n");
        Put("app/old/gone.py", "def forgotten():\n    pass\n");
        Put("db/schema.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Repository => Path.Combine(_home, "repo");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task A_run_is_answered_from_its_files_as_they_are_after_a_write_a_command_and_a_human_and_replay_asks_nobody()
    {
        List<string> seen = [];
        var (times, hits) = (new List<long>(), new List<RecalledPlace>());
        var run = await RunAsync(async runtime =>
        {
            seen.Add(await FunctionsAsync(runtime));
            var start = Stopwatch.GetTimestamp();
            (await runtime.WriteFileAsync("app/cart.py", "def total(cart):\n    return login(cart)\n", null, Cancel)).OrStop();
            seen.Add(await FunctionsAsync(runtime));
            times.Add((long)Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            var place = await runtime.CheckpointAsync("before the command", Cancel);
            (await runtime.RunCommandAsync("rm -r app/old && printf 'def shelled():\\n    pass\\n' > app/shell.py", 20, Cancel)).OrStop();
            seen.Add(await FunctionsAsync(runtime));
            Put("app/human.py", "def by_hand():\n    pass\n");
            seen.Add(await FunctionsAsync(runtime));
            await runtime.RollbackAsync(place, "the folder is needed", Cancel);
            seen.Add(await FunctionsAsync(runtime));
            hits.AddRange((await runtime.RecallCodeAsync("where does a login find the user", "(f:Function)-[:READS]->(:Table {name: 'users'})", ["db/schema.sql#users"], Cancel)).OrStop().Places);
            var impact = (await runtime.ImpactAsync("users", Cancel)).OrStop();
            return string.Join(' ', impact.Places.Where(place => place.Kind == "Function").Select(place => $"{place.Distance}:{place.Key}:{place.Line}"));
        });

        Assert.Equal(
            ["find_user forgotten login", "find_user forgotten login total", "find_user login shelled total", "by_hand find_user login shelled total", "by_hand find_user forgotten login total"], seen);
        Assert.Equal("succeeded", run.Status);
        Assert.Equal("1:app/users.py#find_user:2 2:app/users.py#login:5 3:app/cart.py#total:2", run.Result);
        var found = hits.Single(hit => hit.Key == "app/users.py#find_user");
        Assert.Equal(("app/users.py", 1, BlobHash.Of(File.ReadAllBytes(Path.Combine(Repository, "app/users.py")))), (found.Path, found.Line, found.Version));
        Assert.Contains(found.Why, why => why.StartsWith("keywords #", StringComparison.Ordinal));
        Assert.Contains("pattern #1 (matches the pattern)", found.Why);
        Assert.Contains(hits.Single(hit => hit.Key == "db/schema.sql#users").Why, why => why == "keys #1 (asked for by db/schema.sql#users)");
        TestContext.Current.TestOutputHelper?.WriteLine($"a write and the question after it: {times[0]} ms");
    }

    [Fact]
    public async Task A_question_that_cannot_be_understood_says_where_and_an_unknown_symbol_what_is_near()
    {
        List<Answer<GraphData>> graph = [];
        var (pattern, symbol, empty) = ("", "", "");
        await RunAsync(async runtime =>
        {
            graph.Add(await runtime.QueryGraphAsync("MATCH (a)\nRETURN b", Cancel));
            pattern = (await runtime.RecallCodeAsync("", "(a)-[:CALLS]->(b", null, Cancel)).Text;
            symbol = (await runtime.ImpactAsync("find_usr", Cancel)).Text;
            empty = (await runtime.RecallCodeAsync(" ", null, null, Cancel)).Text;
            return "";
        });
        Assert.Equal(SyscallStatus.Failed, graph[0].Status);
        Assert.Contains("line 2, column 8", graph[0].Text, StringComparison.Ordinal);
        Assert.Contains("line 1, column 17", pattern, StringComparison.Ordinal);
        Assert.Contains("Nothing in this repository is called find_usr. Near by name: ", symbol, StringComparison.Ordinal);
        Assert.Contains("Say what to look for", empty, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_model_is_being_built_a_question_is_answered_from_what_there_is_and_the_answer_says_so()
    {
        for (var i = 0; i < 250; i++)
        {
            Put($"lib/m{i:000}.md", $"# Title {i}\n");
        }

        await using var live = await Live.NewAsync(Repository);
        var (entered, released) = (new TaskCompletionSource(), new ManualResetEventSlim());
        var layers = Held<ILayerStore>.Around(live.Layers, (method, result, _) => method == "Open"
            ? Held<IWorkspace>.Around((IWorkspace)result!, (call, read, path) =>
            {
                if (call == "Read" && path is "lib/m249.md")
                {
                    entered.TrySetResult();
                    released.Wait(Cancel);
                }

                return read;
            })
            : result);
        var repository = new LiveRepository(layers, Repository, () => null);
        var run = new RunModel(repository, layers, Repository, new Impatient());
        _ = repository.Building;
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);

        var (view, lacks) = await run.BestAsync(null, Cancel);
        Assert.Equal(200, view!.Model.FileCount);
        Assert.Contains("is being built", lacks[0], StringComparison.Ordinal);
        Assert.Contains("This answer comes from what there is of it", lacks[0], StringComparison.Ordinal);
        await view.DisposeAsync();

        released.Set();
        await repository.Building;
        (view, lacks) = await new RunModel(repository, layers, Repository, TimeProvider.System).BestAsync(null, Cancel);
        Assert.Equal(live.Repository.SoFar.Model.FileCount, view!.Model.FileCount);
        Assert.Empty(lacks);
        await view.DisposeAsync();
        await repository.DisposeAsync();
    }

    [Fact]
    public async Task A_change_of_one_file_is_in_the_next_answer_at_once()
    {
        for (var i = 0; i < 400; i++)
        {
            Put($"lib/p{i % 20}/m{i}.py", $"def f{i}():\n    return f{(i + 1) % 400}()\n");
        }

        await using var live = await Live.NewAsync(Repository);
        var run = live.Run();
        await live.ViewAsync(run, null);
        foreach (var name in (string[])["changed.cs", "lib/p1/changed.py"])
        {
            var times = new List<double>();
            for (var i = 0; i < 8; i++)
            {
                Put(name, name.EndsWith("py", StringComparison.Ordinal) ? $"def version_{i}():\n    return f1()\n" : $"class Version_{i} {{ }}\n");
                var start = Stopwatch.GetTimestamp();
                var view = await live.ViewAsync(run, null);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                var rows = CypherQuery.Parse("MATCH (n) WHERE toLower(n.name) STARTS WITH 'version_' RETURN toLower(n.name)").Run(view.Model.Graph, new Dictionary<string, object?>(), new QueryLimits(), Cancel).Rows;
                Assert.Contains($"version_{i}", rows.Select(row => (string)row[0]!));
                Assert.DoesNotContain($"version_{i - 1}", rows.Select(row => (string)row[0]!));
            }

            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: an answer after a change took {times.Order().ElementAt(4):0.0} ms in the middle, {times.Max():0.0} ms at most");
        }
    }

    private static async Task<string> FunctionsAsync(AgentRuntime runtime) =>
        string.Join(' ', (await runtime.QueryGraphAsync(Functions, Cancel)).OrStop().Rows.Select(row => row[0].GetString()));

    private async Task<(string Status, string Result)> RunAsync(Func<AgentRuntime, Task<string>> work)
    {
        var result = "";
        var agent = new Agent(async runtime => result = await work(runtime));
        await using var cairn = CairnHost.Open(new HostOptions(Path.Combine(_home, "state"), new Nobody(), _ => null));
        var run = await cairn.StartAsync(new StartRun { Task = "ask", Repository = Repository, Merge = MergeMode.Never }, agent, Cancel);
        var summary = await cairn.DriveAsync(run, agent, NoObserver.Instance, Cancel);

        // Whatever becomes of the files: what was answered is written down.
        Directory.Delete(Path.Combine(Repository, "db"), recursive: true);
        var replay = await cairn.VerifyAsync(run, Cancel);
        Assert.True(replay.Passed, replay.Difference);
        Put("db/schema.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n");
        return (summary.Status, result);
    }

    private void Put(string path, string text)
    {
        var full = Path.Combine(Repository, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private sealed class Agent(Func<AgentRuntime, Task<string>> work) : CodeAgent
    {
        public override string Name => "asks";

        protected override async Task<AgentResult> WorkAsync(AgentRuntime runtime, CancellationToken cancellationToken) => new(true, await work(runtime));
    }

    private sealed class Nobody : IHuman
    {
        public Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken) => Task.FromResult<string?>(null);
    }

    /// <summary>Whoever waits has waited long enough.</summary>
    private sealed class Impatient : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}

/// <summary>A port whose answers pass through the test's hands.</summary>
public class Held<T> : DispatchProxy
    where T : class
{
    private T? _inner;
    private Func<string, object?, object?, object?>? _pass;

    internal static T Around(T inner, Func<string, object?, object?, object?> pass)
    {
        var made = Create<T, Held<T>>();
        ((Held<T>)(object)made)._inner = inner;
        ((Held<T>)(object)made)._pass = pass;
        return made;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _pass!(targetMethod!.Name, targetMethod.Invoke(_inner, args), args is [var first, ..] ? first : null);
}
