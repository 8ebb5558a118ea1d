using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cairn.Abstractions;
using Cairn.Tools.Calls;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Cairn.Tools.Mcp;

/// <summary>
/// Asks a server once what it offers. The answer goes into the run's first record: a server that later describes its tools
/// otherwise is not believed.
/// </summary>
public static partial class McpOffers
{
    private const int MaxPages = 8;
    private const int MaxTools = 128;
    private const int MaxListed = 64;
    private const int MaxDescription = 4096;
    private const int MaxName = 64;
    private const string ReadResource = "read_resource";
    private const string GetPrompt = "get_prompt";

    /// <summary>The server with what it offers, and what of it cannot be used.</summary>
    /// <param name="server">The server.</param>
    /// <param name="workspace">Where it runs.</param>
    /// <param name="network">The way to a server of the network; null when there is none.</param>
    /// <param name="reachesOut">The run's network lets more through than reading.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="Custom.ManifestException">When the server cannot be started or does not answer.</exception>
    public static async Task<(McpServer Server, ImmutableArray<string> LeftOut)> ListAsync(
        McpServer server, IWorkspace workspace, INetwork? network, bool reachesOut, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(workspace);
        var offers = ImmutableArray.CreateBuilder<McpOffer>();
        var leftOut = ImmutableArray.CreateBuilder<string>();
        await using var connection = new McpConnection(server);
        var context = new ToolContext(RunId.Parse("mcp-list"), CallId.Parse("c0"), workspace) { Network = network };
        var result = await connection.UseAsync(context, ListAsync, cancellationToken);
        return result.Status == ToolStatus.Ok
            ? (server with { Offers = offers.ToImmutable() }, leftOut.ToImmutable())
            : throw new Custom.ManifestException(result.Text);

        async Task<ToolResult> ListAsync(McpClient client, CancellationToken token)
        {
            // What stands behind an address is outside of every sandbox.
            var external = server.Url is not null || (server.Network && reachesOut);
            foreach (var tool in await ToolsAsync(client, token))
            {
                Add(tool.Name, tool.Description ?? tool.Title ?? "", JsonNode.Parse(tool.InputSchema.GetRawText()), McpKind.Tool, EffectOf(tool, server, external));
            }

            var capabilities = client.ServerCapabilities;
            if (capabilities?.Resources is not null && await ResourcesAsync(client, token) is { Length: > 0 } resources)
            {
                Add(ReadResource, $"Reads a resource of the server by its URI. There are:\n{resources}", UriSchema(), McpKind.Resource, Reading(server, external));
            }

            if (capabilities?.Prompts is not null && await PromptsAsync(client, token) is { Length: > 0 } prompts)
            {
                Add(GetPrompt, $"Gives a prompt of the server by its name. There are:\n{prompts}", PromptSchema(), McpKind.Prompt, Reading(server, external));
            }

            return ToolResult.Ok("");
        }

        void Add(string name, string description, JsonNode? schema, McpKind kind, EffectClass effect)
        {
            SchemaGuard.Harmless(schema);
            var problem = !Name().IsMatch(name) || server.Name.Length + McpTool.Separator.Length + name.Length > MaxName
                ? $"names have at most {MaxName} letters, digits, _ and - together with the server's"
                : offers.Count >= MaxTools ? $"at most {MaxTools} tools of a server are taken"
                : offers.Any(o => o.Name == name) ? "another tool has its name"
                : SchemaGuard.Problem(schema);
            if (problem is not null)
            {
                leftOut.Add($"{server.Name}: {SafeText.Line(name, MaxName)}: {problem}");
                return;
            }

            var text = SafeText.ForModel($"[of the MCP server {server.Name}] {description.Trim()}", MaxDescription);
            offers.Add(new(kind, name, text, schema!.ToJsonString(), effect));
        }
    }

    // Only a hint of the server, and good enough: whatever it is, the sandbox holds it, and the worst is a call that is run again.
    private static EffectClass EffectOf(Tool tool, McpServer server, bool external) =>
        tool.Annotations?.ReadOnlyHint == true && (server.Url is not null || server.Files != McpFiles.Writable) ? EffectClass.Pure
        : external ? EffectClass.ExternalUnkeyed : EffectClass.Sandboxed;

    private static EffectClass Reading(McpServer server, bool external) =>
        server.Url is not null || server.Files != McpFiles.Writable ? EffectClass.Pure : external ? EffectClass.ExternalUnkeyed : EffectClass.Sandboxed;

    private static async Task<List<Tool>> ToolsAsync(McpClient client, CancellationToken cancellationToken)
    {
        var tools = new List<Tool>();
        string? cursor = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var result = await client.ListToolsAsync(new ListToolsRequestParams { Cursor = cursor }, cancellationToken);
            tools.AddRange(result.Tools);
            cursor = result.NextCursor;
            if (cursor is null)
            {
                break;
            }
        }

        return tools;
    }

    private static async Task<string> ResourcesAsync(McpClient client, CancellationToken cancellationToken)
    {
        var result = await client.ListResourcesAsync(new ListResourcesRequestParams(), cancellationToken);
        var templates = await client.ListResourceTemplatesAsync(new ListResourceTemplatesRequestParams(), cancellationToken);
        return Lines(result.Resources.Select(r => (r.Uri, r.Description ?? r.Name)).Concat(templates.ResourceTemplates.Select(t => (t.UriTemplate, t.Description ?? t.Name))));
    }

    private static async Task<string> PromptsAsync(McpClient client, CancellationToken cancellationToken)
    {
        var result = await client.ListPromptsAsync(new ListPromptsRequestParams(), cancellationToken);
        return Lines(result.Prompts.Select(p => (
            $"{p.Name}({string.Join(", ", (p.Arguments ?? []).Select(a => a.Name + (a.Required == true ? "" : "?")))})", p.Description ?? p.Title ?? "")));
    }

    private static string Lines(IEnumerable<(string Name, string About)> items)
    {
        var text = new StringBuilder();
        foreach (var (name, about) in items.Take(MaxListed))
        {
            text.Append("- ").Append(SafeText.Line(name, 200)).Append(": ").Append(SafeText.Line(about, 120)).Append('\n');
        }

        return text.ToString().TrimEnd();
    }

    private static JsonNode UriSchema() => JsonNode.Parse(
        """{"type":"object","additionalProperties":false,"required":["uri"],"properties":{"uri":{"type":"string"}}}""")!;

    private static JsonNode PromptSchema() => JsonNode.Parse(
        """{"type":"object","additionalProperties":false,"required":["name","arguments"],"properties":{"name":{"type":"string"},"arguments":{"type":["object","null"],"additionalProperties":{"type":"string"}}}}""")!;

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}$")]
    private static partial Regex Name();
}
