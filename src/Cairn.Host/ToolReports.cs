using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Sandbox;
using Cairn.Tools;

namespace Cairn.Host;

/// <summary>A tool as a list shows it.</summary>
/// <param name="Name">The name that models call.</param>
/// <param name="Source">built-in, the path of a manifest, or mcp:SERVER.</param>
/// <param name="Effect">What may be done after a crash.</param>
/// <param name="Capabilities">The permissions that a call needs; tool.call is the first.</param>
/// <param name="TimeoutSeconds">The most wall time of one call.</param>
/// <param name="AnswerBytes">The most bytes of an answer.</param>
/// <param name="CostUsd">What one call costs beside tokens.</param>
/// <param name="Description">What it does, for models.</param>
/// <param name="Schema">JSON Schema of the arguments.</param>
public sealed record ToolView(
    string Name, string Source, EffectClass Effect, IReadOnlyList<string> Capabilities, double TimeoutSeconds, int AnswerBytes, decimal CostUsd, string Description, JsonElement Schema);

/// <summary>What `cairn tools` tells.</summary>
public static class ToolReports
{
    /// <summary>The tools of a run that would be started so; its MCP servers are started in a sandbox and asked.</summary>
    /// <param name="options">Where the state lies.</param>
    /// <param name="start">How a run would be started; its task is not looked at.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="UserException">When the agent file, a manifest or a server cannot be used.</exception>
    public static async Task<IReadOnlyList<ToolView>> ListAsync(HostOptions options, Cairn.Sdk.StartRun start, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(start);
        var plain = new ToolRegistry();
        var profile = start.AgentFile is null ? null : AgentFile.Read(start.AgentFile, plain);
        var devices = (profile?.Devices ?? new RunDevices()) with
        {
            Network = [.. profile?.Devices.Network ?? [], .. (start.AllowNet ?? []).Select(AgentDevices.Rule)],
        };
        var languages = new LanguageCatalog(options.Environment);
        if (devices.IsEmpty && !start.AllowRepositoryTools && (profile is null || languages.Find().All(k => k.Server is null)))
        {
            return [.. plain.Tools.Select(View)];
        }

        // No run is touched, so this works while another Cairn holds the state directory.
        using var layers = new LayerStore(
            options.StateDirectory, NoBodies.Instance, options.Time, new LayerStoreOptions { Backend = CairnHost.SandboxBackend(options.Environment), Mounts = [.. CairnHost.ToolChains(options.Environment), .. options.Mounts] });
        await using var workspace = layers.Open(RunStarter.NewId(), Repositories.Check(start.Repository), null);
        if (start.AllowRepositoryTools)
        {
            devices = devices with { Tools = [.. devices.Tools, .. RepositoryTools.Read(workspace)] };
        }

        var (_, tools) = await new DeviceSetup(plain, d => new RunTools(d), Kernel.PolicyGate.DenialBefore(profile?.Policy, profile?.Name ?? "coder"), options.Environment, languages.Of).CompleteAsync(devices, workspace, cancellationToken);
        return [.. tools.Select(View)];
    }

    private static ToolView View(ITool tool)
    {
        var d = tool.Descriptor;
        using var schema = JsonDocument.Parse(d.Schema);
        return new(d.Name, d.Source, d.Effect, ["tool.call", .. d.Capabilities], d.Timeout.TotalSeconds, d.AnswerBytes, d.CostUsd, d.Description, schema.RootElement.Clone());
    }
}
