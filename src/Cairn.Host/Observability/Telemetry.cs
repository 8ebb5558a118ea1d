using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// The names of all spans, metrics and attributes, by OpenTelemetry's conventions for generative AI at version 1.37.0. Names,
/// numbers and ids only: no prompt, answer, argument, path or secret is ever an attribute.
/// </summary>
internal static class Telemetry
{
    public const string Name = "Cairn";
    public const string Schema = "https://opentelemetry.io/schemas/1.37.0";

    public const string Operation = "gen_ai.operation.name";
    public const string Provider = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";
    public const string FinishReasons = "gen_ai.response.finish_reasons";
    public const string TokenType = "gen_ai.token.type";
    public const string AgentName = "gen_ai.agent.name";
    public const string Conversation = "gen_ai.conversation.id";
    public const string ToolName = "gen_ai.tool.name";
    public const string ToolCall = "gen_ai.tool.call.id";
    public const string ErrorType = "error.type";
    public const string HttpStatus = "http.response.status_code";
    public const string Run = "cairn.run.id";
    public const string Parent = "cairn.run.parent";
    public const string Outcome = "cairn.run.outcome";
    public const string Step = "cairn.step";
    public const string Attempt = "cairn.attempt";
    public const string ToolStatus = "cairn.tool.status";
    public const string CostUsd = "cairn.cost.usd";
    public const string Key = "cairn.gateway.key";

    public const string Chat = "chat";
    public const string InvokeAgent = "invoke_agent";
    public const string ExecuteTool = "execute_tool";

    private static readonly Meter Meter = new(new MeterOptions(Name) { TelemetrySchemaUrl = Schema });

    public static readonly ActivitySource Source = new(new ActivitySourceOptions(Name) { TelemetrySchemaUrl = Schema });

    /// <summary>Tokens of model calls, input and output apart.</summary>
    public static readonly Histogram<long> Tokens = Meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}");

    /// <summary>How long model calls took.</summary>
    public static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s");

    /// <summary>How long tool calls took.</summary>
    public static readonly Histogram<double> ToolDuration = Meter.CreateHistogram<double>("cairn.tool.duration", "s");

    /// <summary>What model calls cost.</summary>
    public static readonly Counter<double> Cost = Meter.CreateCounter<double>("cairn.model.cost", "USD");

    /// <summary>A run's place: the same in every process that ever drives it, so that one trace holds it across crashes and pauses.</summary>
    public static ActivityContext Place(RunId run)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes("cairn.run/" + run), hash);
        return new(ActivityTraceId.CreateFromBytes(hash[..16]), ActivitySpanId.CreateFromBytes(hash[16..24]), ActivityTraceFlags.Recorded, isRemote: true);
    }

    /// <summary>A span that is nobody's surroundings: what runs beside it, or asks a provider, does not become its child by chance.</summary>
    public static Activity? Begin(string name, ActivityKind kind, ActivityContext parent, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var before = Activity.Current;
        var begun = Source.StartActivity(name, kind, parent, tags.ToArray());
        Activity.Current = before;
        return begun;
    }

    /// <summary>Ends a span; with an error when there was one.</summary>
    public static void End(Activity? activity, string? error)
    {
        if (activity is null)
        {
            return;
        }

        if (error is not null)
        {
            activity.SetTag(ErrorType, error);
            activity.SetStatus(ActivityStatusCode.Error);
        }

        var before = Activity.Current;
        activity.Stop();
        Activity.Current = before;
    }

    /// <summary>A tag.</summary>
    public static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);

    /// <summary>Counts a model call.</summary>
    public static void Measure(string provider, string model, ModelUsage usage, decimal usd, TimeSpan took, string? error)
    {
        if (!Tokens.Enabled && !Duration.Enabled && !Cost.Enabled)
        {
            return;
        }

        var tags = new TagList { Tag(Operation, Chat), Tag(Provider, provider), Tag(RequestModel, model) };
        if (usage.Total > 0)
        {
            Tokens.Record(usage.InputTokens, With(tags, TokenType, "input"));
            Tokens.Record(usage.OutputTokens, With(tags, TokenType, "output"));
            Cost.Add((double)usd, tags);
        }

        Duration.Record(took.TotalSeconds, error is null ? tags : With(tags, ErrorType, error));
    }

    // A list of tags is a value: this is another one.
    private static TagList With(TagList tags, string name, string value)
    {
        tags.Add(name, value);
        return tags;
    }

    /// <summary>provider:name taken apart.</summary>
    public static (string Provider, string Model) Split(string id) =>
        id.IndexOf(':', StringComparison.Ordinal) is > 0 and var at ? (id[..at], id[(at + 1)..]) : ("unknown", id);
}
