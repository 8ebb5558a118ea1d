using System.Text.Json;
using Cairn.Host;
using Cairn.Host.Simulation;
using Cairn.Kernel;
using Cairn.Tests.Simulation;
using Cairn.Tools;

namespace Cairn.Tests.Context;

public sealed class ToolSearchTests
{
    private static readonly string[] Things = ["issue", "invoice", "calendar", "deployment", "customer"];
    private static readonly string[] Deeds = ["create", "delete", "list", "rename", "export"];

    [Fact]
    public void Of_a_hundred_and_fifty_tools_the_built_in_ones_and_those_that_the_task_is_about_are_described_in_their_order()
    {
        var tools = Many();
        Assert.True(tools.Count >= 150);
        var (described, more) = ToolSearch.Choose(tools, "Create an issue for each invoice that is overdue.");
        Assert.True(more);
        Assert.InRange(described.Length, 20, ToolSearch.MaxDescribed);
        Assert.Equal(tools.Where(described.Contains), described);
        Assert.All(["read_file", "find_tools", "use_tool", "recall"], name => Assert.Contains(described, t => t.Name == name));
        Assert.Contains(described, t => t.Name == "s1__create_issue");
        Assert.DoesNotContain(described, t => t.Name.EndsWith("calendar", StringComparison.Ordinal) && !t.Name.Contains("create", StringComparison.Ordinal));
    }

    [Fact]
    public void Few_tools_are_all_described_and_nothing_is_searched()
    {
        var (described, more) = ToolSearch.Choose([.. new ToolRegistry().Tools.Select(t => t.Descriptor)], "anything");
        Assert.False(more);
        Assert.DoesNotContain(described, t => ToolSearch.IsDiscovery(t.Name));
    }

    [Fact]
    public void A_search_gives_the_best_matches_with_their_schemas()
    {
        var found = ToolSearch.Find(Many(), "rename customers");
        Assert.StartsWith("s", found, StringComparison.Ordinal);
        Assert.Contains("__rename_customer:", found.Split('\n')[0], StringComparison.Ordinal);
        Assert.Contains("arguments: {", found, StringComparison.Ordinal);
        Assert.StartsWith("No tool is about", ToolSearch.Find(Many(), "xyzzy"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tool_that_was_found_is_called_as_the_tool_that_it_is()
    {
        var job = new SimulatedJob(4, ("one",
        [
            new(new ScriptedCall("find_tools", """{"query":"export invoices"}""")),
            new(new ScriptedCall("use_tool", """{"tool":"s2__export_invoice","arguments":"{\"text\":\"all\"}"}""")),
            new(new ScriptedCall("use_tool", """{"tool":"s2__export_invoice","arguments":"{}"}""")),
            SimulatedJob.Done,
        ]));
        job.Live(async process =>
        {
            var registry = new ToolRegistry(Many().Where(d => d.Source != "built-in").Select(d => new Echo(d)));
            var run = await new RunControl(process.Services with { Tools = registry, NewRunId = () => RunId.Parse("rmany") })
                .StartAsync(new() { Task = "export", Repository = "/repository", Model = "sim:one", Merge = MergeMode.Never }, CancellationToken.None);
            var state = await new RunControl(process.Services with { Tools = registry }).DriveAsync(run, null, NoObserver.Instance, CancellationToken.None);
            var calls = state.History.SelectMany(e => e.Turn?.Calls ?? []).ToList();
            Assert.Equal(["find_tools", "s2__export_invoice", "s2__export_invoice", "complete"], calls.Select(c => c.Tool));
            Assert.Equal([ToolStatus.Ok, ToolStatus.Ok, ToolStatus.Invalid, ToolStatus.Ok], calls.Select(c => c.Status));
            Assert.Contains("s2__export_invoice", System.Text.Encoding.UTF8.GetString(process.Services.Blobs.Get(calls[0].Result)), StringComparison.Ordinal);
            Assert.True(ReplayVerifier.Verify(process.Services.Journal, process.Services.Blobs, run).Passed);
        });
    }

    private static List<ToolDescriptor> Many() =>
    [
        .. new ToolRegistry().Tools.Select(t => t.Descriptor),
        .. from server in Enumerable.Range(1, 6)
           from deed in Deeds
           from thing in Things
           select new ToolDescriptor(
               $"s{server}__{deed}_{thing}", $"Server {server}: {deed}s one {thing}.",
               """{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}""", EffectClass.Pure, TimeSpan.FromSeconds(9)) { Source = $"mcp:s{server}" },
    ];

    private sealed class Echo(ToolDescriptor descriptor) : ITool
    {
        public ToolDescriptor Descriptor => descriptor;

        public Task<ToolResult> InvokeAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
            Task.FromResult(ToolResult.Ok(arguments.GetProperty("text").GetString()!));
    }
}
