using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Cairn.Abstractions;
using Cairn.Tools.Calls;
using Cairn.Tools.Files;

namespace Cairn.Tools;

/// <summary>
/// What all built-in tools share: description and schema come from files beside the code, file problems become
/// answers, and whatever text goes to a model is made harmless and cut in one place.
/// </summary>
internal abstract class DriverTool : ITool
{
    protected DriverTool(string folder, string name, EffectClass effect, TimeSpan timeout, string example, params ReadOnlySpan<string> capabilities)
    {
        var schema = JsonNode.Parse(Embedded($"{folder}/{name}.schema.json"))!.ToJsonString();
        Descriptor = new ToolDescriptor(name, Embedded($"{folder}/{name}.md").Trim(), schema, effect, timeout) { Capabilities = [.. capabilities] };
        Example = example;
    }

    /// <inheritdoc/>
    public ToolDescriptor Descriptor { get; protected init; }

    /// <summary>Arguments of a right call, shown when a wrong one came.</summary>
    public string Example { get; }

    /// <inheritdoc/>
    public async Task<ToolResult> InvokeAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        ToolResult result;
        try
        {
            result = await RunAsync(context, arguments, cancellationToken);
        }
        catch (WorkspaceException e)
        {
            result = new ToolResult(StatusOf(e.Problem), PathHints.Explain(context.Workspace, Text(arguments, "path"), e));
        }

        result = result with { Text = SafeText.ForModel(result.Text, ToolResult.MaxTextBytes) };
        return result.Data is { Length: > ToolResult.MaxDataChars }
            ? ToolResult.Failed($"The answer is larger than {ToolResult.MaxDataChars:N0} characters; ask for less.")
            : result;
    }

    protected abstract Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken);

    /// <summary>The program's form of an answer, when the caller is a program.</summary>
    protected static string? Data<T>(ToolContext context, T value, JsonTypeInfo<T> type) =>
        context.Exact ? JsonSerializer.Serialize(value, type) : null;

    /// <summary>A string argument; null when it is null or not there.</summary>
    protected static string? Text(JsonElement arguments, string name) =>
        arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>An integer argument; null when it is null or not there.</summary>
    protected static int? Number(JsonElement arguments, string name) =>
        arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : null;

    /// <summary>A flag; false when it is null or not there.</summary>
    protected static bool Flag(JsonElement arguments, string name) =>
        arguments.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static ToolStatus StatusOf(FileProblem problem) => problem switch
    {
        FileProblem.Outside or FileProblem.ReadOnly => ToolStatus.Denied,
        FileProblem.Changed => ToolStatus.Conflict,
        _ => ToolStatus.Failed,
    };

    /// <summary>A text that lies beside the code.</summary>
    protected static string Embedded(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
