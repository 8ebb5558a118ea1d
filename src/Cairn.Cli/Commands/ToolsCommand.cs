using System.CommandLine;
using System.Globalization;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn tools: what an agent can call, and what each call may do.</summary>
internal static class ToolsCommand
{
    public static Command Make()
    {
        var repo = new Option<string>("--repo") { Description = "The repository", DefaultValueFactory = _ => ".", HelpName = "DIR" };
        var agent = new Option<string?>("--agent") { Description = "Agent file: with its manifests and MCP servers, which are started in a sandbox and asked", HelpName = "FILE" };
        var hosts = new Option<string[]>("--allow-net") { Description = "As for `cairn run`", HelpName = "HOST[:PORT]" };
        var own = new Option<bool>("--allow-repo-tools") { Description = "With the tools that the repository brings along in .cairn/tools/*.json" };
        var command = new Command("tools", "List the tools of an agent: effect, permissions, limits and cost of each.") { repo, agent, hosts, own };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var tools = await ToolReports.ListAsync(
                call.Options(),
                new StartRun
                {
                    Task = "", Repository = parse.GetRequiredValue(repo), AgentFile = parse.GetValue(agent),
                    AllowNet = parse.GetValue(hosts), AllowRepositoryTools = parse.GetValue(own),
                },
                token);
            if (call.IsJson)
            {
                Output.Json(tools, CliJson.Default.IReadOnlyListToolView);
                return ExitCode.Ok;
            }

            Output.Write($"{"tool",-28} {"effect",-16} {"permissions",-24} {"time",7} {"answer",8} {"cost",8}  source");
            foreach (var tool in tools)
            {
                var cost = tool.CostUsd == 0 ? "-" : tool.CostUsd.ToString("0.####", CultureInfo.InvariantCulture) + " $";
                Output.Write($"{tool.Name,-28} {tool.Effect,-16} {string.Join(' ', tool.Capabilities),-24} {tool.TimeoutSeconds,5:0} s {tool.AnswerBytes / 1024,4} KiB {cost,8}  {Safe.Line(tool.Source, 80)}");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
