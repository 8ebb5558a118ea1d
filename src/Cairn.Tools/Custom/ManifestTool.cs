using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Custom;

/// <summary>A tool that is an executable in the sandbox: arguments as JSON on standard input, the answer on standard output.</summary>
internal sealed class ManifestTool(ToolManifest manifest) : ITool
{
    private const int OutputBytes = 64 * 1024;
    private const int ExactOutputBytes = 1024 * 1024;
    private const int ShownError = 4096;

    public ToolDescriptor Descriptor { get; } = new(
        manifest.Name, manifest.Description, manifest.Schema, manifest.Effect, TimeSpan.FromSeconds(manifest.TimeoutSeconds + 60))
    {
        Source = manifest.Source,
        Capabilities = manifest.Network ? ["net.connect"] : [],
        AnswerBytes = OutputBytes,
        CostUsd = manifest.CostUsd,
    };

    public async Task<ToolResult> InvokeAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var command = new SandboxCommand(manifest.Command)
        {
            Input = Encoding.UTF8.GetBytes(arguments.GetRawText()),
            ReadOnly = manifest.Effect == EffectClass.Pure,
            Network = manifest.Network,
            Mounts = manifest.Directory is { } directory ? [new(directory, ManifestFile.InsideDirectory)] : [],
            Environment = ImmutableDictionary<string, string>.Empty.Add("CAIRN_TOOL", manifest.Name).Add("CAIRN_IDEMPOTENCY_KEY", context.IdempotencyKey),
            OnOutput = context.OnOutput,
            Limits = new SandboxLimits
            {
                Wall = TimeSpan.FromSeconds(manifest.TimeoutSeconds),
                OutputBytes = context.Exact ? ExactOutputBytes : OutputBytes,
            },
        };
        var result = await context.Workspace.RunAsync(command, cancellationToken);
        var data = new CommandData(result.ExitCode, result.Output, result.Error, (long)result.Wall.TotalMilliseconds, result.LimitHit);
        var (status, text) = result switch
        {
            { TimedOut: true } => (ToolStatus.TimedOut, $"{manifest.Name} was stopped after {manifest.TimeoutSeconds} s."),
            { ExitCode: 0 } => (ToolStatus.Ok, SafeText.FromTerminal(result.Output)),
            _ => (ToolStatus.Failed, $"{manifest.Name} failed with exit code {result.ExitCode}.\n{SafeText.ForModel((result.Error + result.Output).Trim(), ShownError)}"),
        };
        return new ToolResult(status, SafeText.ForModel(text, ToolResult.MaxTextBytes))
        {
            LimitHit = result.LimitHit,
            Processes = 1,
            Data = context.Exact ? JsonSerializer.Serialize(data, CairnJson.Default.CommandData) : null,
        };
    }
}
